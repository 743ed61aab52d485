"""A web process has no way into hosts or Nova's database, whatever it is given.

That no page reaches one is held by import-linter (pyproject.toml, ways-in); this is
about the one door that both, web and workers, use.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# a web process: all that is served is loaded, and a cloud's neighbours are there
WEB = """
import sys
from novaweb.asgi import application
from django.urls import get_resolver
from migrations_app.integrations import connect
get_resolver().url_patterns
world = connect.world_for("real")
print(world.hosts, world.nova_db, world.workers is not None)
doors = ("paramiko", "pymysql", "migrations_app.integrations.ways_in")
print([name for name in doors if name in sys.modules])
"""


def web(tmp_path: Path, who: str) -> list[str]:
    """Return what a web process has, in which both ways are configured."""
    config = tmp_path / "clouds.yaml"
    sign_in = (
        "{auth_url: http://127.0.0.1:1, username: x, password: x, project_name: x}"
    )
    config.write_text(f"clouds: {{real: {{auth: {sign_in}}}}}\n", encoding="ascii")
    done = subprocess.run(
        [sys.executable, "-c", WEB],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "novaweb.settings",
            "NOVAWEB_CLOUDS": "real",
            "NOVAWEB_DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3",
            "NOVAWEB_STATE_DIR": str(tmp_path),
            "OS_CLIENT_CONFIG_FILE": str(config),
            "NOVAWEB_SSH": f"real={tmp_path}/ssh_config",
            "NOVAWEB_NOVA_DB": f"real={tmp_path}/nova-db.cnf",
            "NOVAWEB_HOSTS_ENTERED_BY": who,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.split("\n")[:2]


def test_where_workers_enter_it_has_none(tmp_path: Path) -> None:
    assert web(tmp_path, "worker") == ["None None True", "[]"]


def test_it_has_them_where_it_is_told_to_enter_itself(tmp_path: Path) -> None:
    world, loaded = web(tmp_path, "self")
    assert "None" not in world
    assert "paramiko" in loaded

"""The pretend cloud is apart: loaded where it is configured and allowed only.

So are the real one's clients, which take a process as long to load as all the rest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from migrations_app.errors import Refused
from migrations_app.integrations import connect

ROOT = Path(__file__).resolve().parents[2]
# all that web and worker import
LOADED = """
import sys
import django
django.setup()
from django.urls import get_resolver
import migrations_app.jobs, migrations_app.management.commands.worker
from migrations_app.integrations import connect
get_resolver().url_patterns
connect.cloud_of(sys.argv[1])
print([word for word in sys.argv[2:] if any(word in name for name in sys.modules)])
"""
CLIENTS = ("keystoneauth1", "openstack", "paramiko", "pymysql")


def loaded(cloud: str, *words: str, environment: dict[str, str]) -> str:
    """Which of these words are in names of modules, once that cloud is there."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, cloud, *words],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "novaweb.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def test_a_site_of_real_clouds_does_not_load_the_pretend_one(tmp_path: Path) -> None:
    config = tmp_path / "clouds.yaml"
    sign_in = (
        "{auth_url: http://127.0.0.1:1, username: x, password: x, project_name: x}"
    )
    config.write_text(f"clouds: {{real: {{auth: {sign_in}}}}}\n", encoding="ascii")
    environment = {
        "NOVAWEB_CLOUDS": "real",
        "NOVAWEB_STATE_DIR": str(tmp_path),
        "OS_CLIENT_CONFIG_FILE": str(config),
    }
    assert loaded("real", "pretend", "openstack", environment=environment) == (
        "['openstack']"
    )


def test_a_site_of_the_pretend_cloud_loads_no_client(tmp_path: Path) -> None:
    environment = {"NOVAWEB_CLOUDS": "pretend", "NOVAWEB_STATE_DIR": str(tmp_path)}
    assert loaded("pretend", *CLIENTS, environment=environment) == "[]"


def test_a_pretend_cloud_that_is_not_allowed_is_refused(settings: Any) -> None:
    settings.NOVAWEB_ALLOW_PRETEND = False
    connect._cloud.cache_clear()
    with pytest.raises(Refused, match="not allowed here"):
        connect.cloud_of("pretend")


def test_a_pretend_cloud_that_is_allowed_is_there(
    settings: Any, tmp_path: Path
) -> None:
    settings.NOVAWEB_PRETEND_FILE = str(tmp_path / "new" / "pretend.sqlite3")
    connect._cloud.cache_clear()
    try:
        world = connect.world_for("pretend")
        assert world.hosts is not None and world.nova_db is not None
        assert world.cloud.services()
    finally:
        connect._cloud.cache_clear()

"""MariaDB's data: made once for a set of packages, then copied to each new lab."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time

from lab import processes, render, services
from lab.progress import heartbeat, run, say, together
from lab.settings import PROJECT, Settings

NAMES = (
    "keystone",
    "placement",
    "glance",
    "neutron",
    "cinder",
    "nova_api",
    "nova",
    "nova_cell0",
)
LOCK_FILE = PROJECT / "lab/requirements.txt"
# Cell mappings as templates: each service fills in its own configuration, so
# the copied databases hold neither addresses nor passwords.
_SERVER = "{scheme}://{username}:{password}@{hostname}:{port}"


def prepare(settings: Settings) -> None:
    """MariaDB runs, with all databases at the schema of the installed packages."""
    if not (settings.state / "databases-ready").exists():
        _make(settings)
    _start(settings)


def _make(settings: Settings) -> None:
    data = settings.state / "mysql"
    template = settings.cache / f"databases-{_key()}"
    if processes.running(settings, "mariadb") is None and template.exists():
        shutil.rmtree(data, ignore_errors=True)
        run(["cp", "-a", "--reflink=auto", template, data])
        say("databases copied from an earlier lab's empty ones")
    else:
        _create(settings)
        _start(settings)
        _migrate(settings)
        _keep(settings)
    (settings.state / "databases-ready").write_text(_key())


def _key() -> str:
    version = subprocess.run(
        ["mariadbd", "--version"], capture_output=True, check=False
    ).stdout
    content = LOCK_FILE.read_bytes() + version + "".join(NAMES).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def _create(settings: Settings) -> None:
    data = settings.state / "mysql"
    if processes.running(settings, "mariadb") or (data / "mysql_upgrade_info").exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    shutil.chown(data, "mysql", "mysql")
    run(
        [
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={data}",
            "--user=mysql",
            "--auth-root-authentication-method=socket",
            "--skip-test-db",
        ]
    )


def _start(settings: Settings) -> None:
    mariadb = services.infrastructure(settings)[0]
    services.start(settings, [mariadb])
    services.wait(settings, mariadb)
    secret = render.password(settings)
    sql = [
        f"CREATE OR REPLACE USER 'lab'@'%' IDENTIFIED BY '{secret}';",
        "GRANT ALL ON *.* TO 'lab'@'%';",
    ]
    sql += [
        f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb3;"
        for name in NAMES
    ]
    run(
        ["mariadb", "--no-defaults", f"--socket={settings.mysql_socket}", "-uroot"],
        input="".join(sql),
    )


def _migrate(settings: Settings) -> None:
    began = time.monotonic()
    venv_bin, etc = settings.venv / "bin", settings.etc
    env = processes.environment(settings)
    left = {"keystone", "placement", "glance", "neutron", "cinder", "nova"}

    def manage(service: str, program: str, files: list[str], *verbs: str) -> None:
        config = [f"--config-file={etc / file}" for file in files]
        for number, verb in enumerate(verbs):
            log = settings.run / f"migrate-{service}-{number}.log"
            run([venv_bin / program, *config, *verb.split()], log=log, env=env)
        left.discard(service)

    nova = ["nova/nova.conf", "nova/nova-database.conf"]
    neutron = ["neutron/neutron.conf", "neutron/ml2.ini"]
    with heartbeat("databases", lambda: "still migrating " + ", ".join(sorted(left))):
        together(
            lambda: manage(
                "nova",
                "nova-manage",
                nova,
                "api_db sync",
                f"cell_v2 map_cell0 --database_connection {_SERVER}/nova_cell0?{{query}}",
                f"cell_v2 create_cell --name cell1 --database_connection "
                f"{_SERVER}/{{path}}?{{query}} --transport-url {_SERVER}/",
                "db sync",
            ),
            lambda: manage("neutron", "neutron-db-manage", neutron, "upgrade heads"),
            lambda: manage(
                "keystone", "keystone-manage", ["keystone/keystone.conf"], "db_sync"
            ),
            lambda: manage("cinder", "cinder-manage", ["cinder/cinder.conf"], "db sync"),
            lambda: manage(
                "glance", "glance-manage", ["glance/glance-api.conf"], "db_sync"
            ),
            lambda: manage(
                "placement",
                "placement-manage",
                ["placement/placement.conf"],
                "db sync",
            ),
        )
    say(f"databases migrated in {time.monotonic() - began:.0f} s")


def _keep(settings: Settings) -> None:
    """Keep a copy of the freshly migrated data for the next new lab."""
    processes.stop(settings, ["mariadb"], patience=60)
    settings.cache.mkdir(parents=True, exist_ok=True)
    template = settings.cache / f"databases-{_key()}"
    part = template.with_name(template.name + f".{settings.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    run(["cp", "-a", "--reflink=auto", settings.state / "mysql", part])
    if template.exists():
        shutil.rmtree(part)
    else:
        part.replace(template)

"""MariaDB's data: made once for a set of packages, then copied to each new lab."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from functools import partial
from pathlib import Path

from lab import galera, infrastructure, processes, render, services
from lab.progress import heartbeat, run, say, together
from lab.services import Service
from lab.settings import PROJECT, Settings

LIMITED_ACCOUNT = PROJECT / "deploy/nova-db.sql"
_NOVA = ("nova/nova.conf", "nova/nova-database.conf")
# Cell mappings as templates: each service fills in its own configuration, so
# the copied databases hold neither addresses nor passwords.
_SERVER = "{scheme}://{username}:{password}@{hostname}:{port}"
# what is migrated: (program, its configuration files, one command after the other)
MIGRATIONS = {
    # Nova's three databases one beside the other, and not in one go: that is
    # what all others would wait for.
    "nova": ("nova-manage", _NOVA, ("db sync --local_cell",)),
    "nova_cell0": (
        "nova-manage",
        (*_NOVA, "nova/nova-cell0.conf"),
        ("db sync --local_cell",),
    ),
    "nova_api": (
        "nova-manage",
        _NOVA,
        (
            "api_db sync",
            f"cell_v2 map_cell0 --database_connection {_SERVER}/nova_cell0?{{query}}",
            f"cell_v2 create_cell --name cell1 --transport-url {_SERVER}/ "
            f"--database_connection {_SERVER}/{{path}}?{{query}}",
        ),
    ),
    "neutron": (
        "neutron-db-manage",
        ("neutron/neutron.conf", "neutron/ml2.ini"),
        ("upgrade heads",),
    ),
    "keystone": ("keystone-manage", ("keystone/keystone.conf",), ("db_sync",)),
    "cinder": ("cinder-manage", ("cinder/cinder.conf",), ("db sync",)),
    "glance": ("glance-manage", ("glance/glance-api.conf",), ("db_sync",)),
    "placement": ("placement-manage", ("placement/placement.conf",), ("db sync",)),
}
NAMES = tuple(MIGRATIONS)


def prepare(settings: Settings) -> None:
    """MariaDB runs, with all databases at the schema of the installed packages."""
    if not (settings.state / "databases-ready").exists():
        _make(settings)
    if settings.laid_out.galera:
        _start_group(settings)
    _start(settings, infrastructure.databases(settings)[0])
    _sql(settings, _limited_account(settings))


def _start_group(settings: Settings) -> None:
    first, second = infrastructure.databases(settings)
    if processes.running(settings, first.name) is None:
        processes.stop(settings, [second.name], patience=60)
        galera.forget(settings)
    folder = galera.data(settings, second.name)
    folder.mkdir(exist_ok=True)
    shutil.chown(folder, "mysql", "mysql")
    for node in (first, second):
        services.start(settings, [node])
        services.wait(settings, node)
        galera.wait(settings, node.name)


def _make(settings: Settings) -> None:
    # whatever an interrupted `up` has left is half done
    data = settings.state / "mysql"
    processes.stop(settings, ["mariadb"])
    shutil.rmtree(data, ignore_errors=True)
    template = _template(settings)
    if template.exists():
        run(["cp", "-a", "--reflink=auto", template, data])
        say("databases copied from an earlier lab's empty ones")
    else:
        _create(settings)
        _start(settings, infrastructure.database(settings))
        _migrate(settings)
        _keep(settings)
    (settings.state / "databases-ready").write_text(_key(settings))


def _template(settings: Settings) -> Path:
    return settings.cache / f"databases-{settings.release}-{_key(settings)}"


def _key(settings: Settings) -> str:
    version = subprocess.run(
        ["mariadbd", "--no-defaults", "--version"], capture_output=True, check=False
    ).stdout
    content = settings.openstack.pins.read_bytes() + version + "".join(NAMES).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def _create(settings: Settings) -> None:
    data = settings.state / "mysql"
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


def _start(settings: Settings, mariadb: Service) -> None:
    services.start(settings, [mariadb])
    services.wait(settings, mariadb)
    secret = render.password(settings)
    sql = [
        f"CREATE OR REPLACE USER 'lab'@'%' IDENTIFIED BY '{secret}';",
        "GRANT ALL ON *.* TO 'lab'@'%';",
    ]
    sql += [
        f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb3;" for name in NAMES
    ]
    _sql(settings, "".join(sql))


def _sql(settings: Settings, text: str) -> None:
    run(
        ["mariadb", "--no-defaults", f"--socket={settings.mysql_socket}", "-uroot"],
        input=text,
    )


def _limited_account(settings: Settings) -> str:
    """Return the SQL that makes novaweb's own account, as an operator is told to.

    Without TLS where MariaDB does not speak it: it listens on loopback alone.
    """
    _, _, grants = LIMITED_ACCOUNT.read_text().partition("REQUIRE SSL;")
    how = f"IDENTIFIED BY '{render.password(settings)}'"
    if settings.laid_out.tls_database:
        how += " REQUIRE SSL"
    return f"CREATE OR REPLACE USER 'novaweb'@'%' {how};{grants}"


def _migrate(settings: Settings) -> None:
    began = time.monotonic()
    left = set(MIGRATIONS)
    with heartbeat("databases", lambda: "still migrating " + ", ".join(sorted(left))):

        def migrate(service: str) -> None:
            for number, words in enumerate(_migrations(settings, service)):
                run(
                    words,
                    log=settings.run / f"migrate-{service}-{number}.log",
                    env=processes.environment(settings),
                )
            left.discard(service)

        together(*(partial(migrate, service) for service in MIGRATIONS))
    say(f"databases migrated in {time.monotonic() - began:.0f} s")


def _migrations(settings: Settings, service: str) -> list[list[str]]:
    program, files, verbs = MIGRATIONS[service]
    config = [f"--config-file={settings.etc / file}" for file in files]
    path = str(settings.venv / "bin" / program)
    return [[path, *config, *verb.split()] for verb in verbs]


def _keep(settings: Settings) -> None:
    """Keep a copy of the freshly migrated data for the next new lab."""
    processes.stop(settings, ["mariadb"], patience=60)
    settings.cache.mkdir(parents=True, exist_ok=True)
    template = _template(settings)
    for older in settings.cache.glob(f"databases-{settings.release}-*"):
        if older != template and older.suffix != ".part":
            shutil.rmtree(older, ignore_errors=True)
    part = template.with_name(template.name + f".{settings.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    run(["cp", "-a", "--reflink=auto", settings.state / "mysql", part])
    if template.exists():
        shutil.rmtree(part)
    else:
        part.replace(template)

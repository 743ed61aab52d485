"""Writes the lab's configuration files from lab/templates."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from string import Template

from lab import galera, volumes
from lab.progress import LabError
from lab.settings import REGION, Settings

TEMPLATES = Path(__file__).resolve().parent / "templates"
SERVICE_USERS = ("placement", "glance", "neutron", "cinder", "nova")
DEFAULT_DRIVER = "ArticleFakeDriver"


def password(settings: Settings) -> str:
    """Return the one password of this lab; made up at the first call."""
    path = settings.root / "password"
    if not path.exists():
        write(path, secrets.token_urlsafe(18) + "\n", mode=0o600)
    return path.read_text().strip()


def fill(template: str, values: Mapping[str, object]) -> str:
    """Return a template's text with its $names replaced.

    Raises LabError if the template names something that has no value.
    """
    text = (TEMPLATES / template).read_text()
    try:
        return Template(text).substitute(values)
    except (KeyError, ValueError) as error:
        raise LabError(f"lab/templates/{template} cannot be filled: {error}") from None


def values(settings: Settings) -> dict[str, object]:
    """Return what the templates of a lab may name."""
    secret = password(settings)
    known: dict[str, object] = {
        "address": settings.address,
        "database_url": f"mysql+pymysql://lab:{secret}@{settings.address}:"
        f"{settings.port('mariadb')}",
        "database_options": _database_options(settings),
        "etc": settings.etc,
        "glance_url": settings.url("glance"),
        "keystone_url": settings.url("keystone"),
        # novaweb's: in a group of two, Nova uses the first
        "mariadb_port": settings.port(
            galera.SECOND if settings.laid_out.galera else galera.FIRST
        ),
        "novnc_port": settings.port("novncproxy"),
        "novnc_url": settings.url("novncproxy"),
        "memcached": f"{settings.address}:{settings.port('memcached')}",
        "password": secret,
        "rabbitmq_port": settings.port("rabbitmq"),
        "region": REGION,
        "state": settings.state,
        "transport_url": f"rabbit://openstack:{secret}@{settings.address}:"
        f"{settings.port('rabbitmq')}/",
        "venv": settings.venv,
        "volume_backends": ",".join(volumes.backends(settings)),
        "volumes": volumes.folder(settings),
    }
    known["authtoken"] = fill("authtoken.conf", known)
    for user in SERVICE_USERS:
        known[f"auth_{user}"] = fill("auth.conf", known | {"user": user}).rstrip()
    return known


def database_ca(settings: Settings) -> Path:
    """Return the path of what vouches for MariaDB, where it speaks TLS."""
    return settings.state / "certificates/ca.pem"


def _database_options(settings: Settings) -> str:
    """Return what follows a database's name in its URL."""
    # With a CA PyMySQL checks the name, too.
    tls = f"&ssl_ca={database_ca(settings)}" if settings.laid_out.tls_database else ""
    return f"charset=utf8{tls}"


def write(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a file, readable as `mode` says from its first moment on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        part = path.with_name(path.name + ".part")
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        part.write_text(text)
        part.replace(path)
    path.chmod(mode)


def configure(settings: Settings) -> None:
    """Write all configuration files and make the folders that they name."""
    for folder in (
        settings.run / "tmp",
        settings.state / "glance/images",
        settings.state / "glance/staging",
        settings.state / "glance/tasks",
        settings.state / "neutron/lock",
        settings.state / "cinder/lock",
        settings.state / "nova/lock",
        settings.state / "rabbitmq",
    ):
        folder.mkdir(parents=True, exist_ok=True)
    known = values(settings)
    etc = settings.etc
    for service, names in (
        ("keystone", ("keystone.conf",)),
        ("placement", ("placement.conf",)),
        ("glance", ("glance-api.conf",)),
        ("neutron", ("neutron.conf", "ml2.ini")),
        ("cinder", ("cinder.conf",)),
        ("nova", ("nova.conf", "nova-database.conf", "nova-cell0.conf")),
        ("rabbitmq", ("rabbitmq.conf",)),
    ):
        for name in names:
            write(etc / service / name, fill(name, known))
    filters = (TEMPLATES / "resource_filters.json").read_text()
    write(etc / "cinder/resource_filters.json", filters)
    # 2024.1 wants one beside its other files; which is used, paste_deploy says
    # (glance 28.2.0, glance/common/wsgi_app.py).
    write(etc / "glance/glance-api-paste.ini", "")
    write(etc / "rabbitmq/enabled_plugins", "[].\n")
    write(etc / "rabbitmq/advanced.config", "[].\n")
    for host in settings.fake_hosts:
        _fake_host(settings, host, known)
    write(settings.secure_yaml, "{}\n")
    write(settings.clouds_yaml, fill("clouds.yaml", known))
    options = fill("nova-db.cnf", known)
    if settings.laid_out.tls_database:
        options += f"ssl-ca = {database_ca(settings)}\n"
    write(settings.nova_db_options, options)


def _fake_host(settings: Settings, host: str, known: Mapping[str, object]) -> None:
    state = settings.state / "nova-hosts" / host
    (state / "instances").mkdir(parents=True, exist_ok=True)
    driver = settings.drivers.get(host, DEFAULT_DRIVER)
    text = fill(
        "fake-host.conf",
        dict(known)
        | {
            "host": host,
            "host_state": state,
            "driver": f"novaweb_lab_fake.{driver}",
        },
    )
    write(settings.etc / "nova/hosts" / f"{host}.conf", text)

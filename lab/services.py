"""The processes of a lab: what starts each, and how one sees that it works."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab import processes
from lab.progress import LabError
from lab.settings import Settings

# Nova's services in native threads, as Nova 34 recommends.
THREADS = {"OS_NOVA_DISABLE_EVENTLET_PATCHING": "true"}


def nova_environment(settings: Settings) -> dict[str, str]:
    """Return what Nova's services, but for its API, want in their environment."""
    return THREADS if settings.openstack.threads else {}


@dataclass(frozen=True, kw_only=True)
class Service:
    """One process. `port` and `path` say where it answers, if it listens."""

    name: str
    argv: tuple[str | Path, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    path: str | None = None


def _api(
    settings: Settings,
    name: str,
    *arguments: str,
    path: str = "/",
    env: Mapping[str, str] | None = None,
) -> Service:
    port = settings.port(name)
    launch = processes.inside(settings, "serve.py")
    return Service(
        name=name,
        argv=(
            *(*launch, settings.openstack.application(name)),
            *(settings.address, str(port), *arguments),
        ),
        env=env or {},
        port=port,
        path=path,
    )


def identity(settings: Settings) -> Service:
    """keystone: all other services exit at start if it refuses them."""
    return _api(
        settings,
        "keystone",
        path="/v3",
        env={"OS_KEYSTONE_CONFIG_DIR": str(settings.etc / "keystone")},
    )


def neighbours(settings: Settings) -> tuple[Service, ...]:
    """placement, glance, neutron and cinder, placement first."""
    etc = settings.etc
    services = [
        _api(
            settings,
            "placement",
            env={"OS_PLACEMENT_CONFIG_DIR": str(etc / "placement")},
        ),
        _api(
            settings,
            "neutron",
            env={
                "OS_NEUTRON_CONFIG_DIR": str(etc / "neutron"),
                "OS_NEUTRON_CONFIG_FILES": "neutron.conf;ml2.ini",
            },
        ),
        _api(
            settings,
            "glance",
            env={"OS_GLANCE_CONFIG_DIR": str(etc / "glance")},
        ),
    ]
    if settings.cinder:
        config = ("--config-file", str(etc / "cinder/cinder.conf"))
        services.append(_api(settings, "cinder-api", *config))
        services += [
            Service(name=name, argv=(settings.venv / "bin" / name, *config))
            for name in ("cinder-scheduler", "cinder-volume")
        ]
    return tuple(services)


def nova(settings: Settings) -> tuple[Service, ...]:
    """Nova's services of the control plane."""
    etc = settings.etc / "nova"
    config = ("--config-file", etc / "nova.conf")
    database = ("--config-file", etc / "nova-database.conf")
    return (
        *(
            Service(
                name=name,
                argv=(settings.venv / "bin" / name, *config, *database),
                env=nova_environment(settings),
            )
            for name in ("nova-conductor", "nova-scheduler")
        ),
        _api(
            settings,
            "nova-api",
            env=THREADS  # waitress's, whatever the release
            | {
                "OS_NOVA_CONFIG_DIR": str(etc),
                # api-paste.ini first, else "No section 'osapi_compute'"
                "OS_NOVA_CONFIG_FILES": f"{settings.venv}/etc/nova/api-paste.ini;"
                "nova.conf;nova-database.conf",
            },
        ),
    )


def consoles(settings: Settings) -> tuple[Service, ...]:
    """What leads browsers to the screens of guests; fake hosts' have none."""
    if not settings.libvirt:
        return ()
    etc = settings.etc / "nova"
    return (
        Service(
            name="novncproxy",
            argv=(
                settings.venv / "bin/nova-novncproxy",
                *("--config-file", etc / "nova.conf"),
                # a cell's database has the tokens of its consoles
                *("--config-file", etc / "nova-database.conf"),
                # No pages: it carries consoles all the same. noVNC's would come with
                # fifty of Debian's packages.
                *("--web", ""),
            ),
            env=nova_environment(settings),
            port=settings.port("novncproxy"),
        ),
    )


def fake_computes(settings: Settings) -> tuple[Service, ...]:
    """One nova-compute for each fake host."""
    common = settings.etc / "nova/nova.conf"
    return tuple(
        Service(
            name=f"nova-{host}",
            argv=(
                settings.venv / "bin/nova-compute",
                *("--config-file", common),
                *("--config-file", settings.etc / "nova/hosts" / f"{host}.conf"),
            ),
            env=nova_environment(settings)
            | {"NOVAWEB_LAB_LIVE_SECONDS": str(settings.live_seconds)},
        )
        for host in settings.fake_hosts
    )


def start(settings: Settings, services: Iterable[Service]) -> None:
    """Start those that do not run yet; do not wait for them."""
    for service in services:
        processes.start(settings, service.name, service.argv, env=service.env)


def wait(settings: Settings, service: Service, *, seconds: float = 120) -> None:
    """Return once the service answers.

    Raises LabError, naming its log, if it ends or stays silent.
    """
    deadline = time.monotonic() + seconds
    while (problem := trouble(settings, service)) is not None:
        log = settings.run / f"{service.name}.log"
        if processes.running(settings, service.name) is None:
            raise LabError(f"{service.name} ended as it started: see {log}")
        if time.monotonic() > deadline:
            raise LabError(f"{service.name} {problem} after {seconds:.0f} s: see {log}")
        time.sleep(0.1)


def trouble(settings: Settings, service: Service) -> str | None:
    """Return what is wrong with a service in a few words, or None."""
    if processes.running(settings, service.name) is None:
        return "is down"
    if service.port is None:
        return None
    if service.path is None:
        return _port_trouble(settings.address, service.port)
    return _http_trouble(settings.address, service.port, service.path)


def _port_trouble(address: str, port: int) -> str | None:
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return f"does not listen on {address}:{port}"
    return None


def _http_trouble(address: str, port: int, path: str) -> str | None:
    where = f"http://{address}:{port}{path}"
    connection = http.client.HTTPConnection(address, port, timeout=10)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return f"does not answer at {where}"
    finally:
        connection.close()
    # 401 and 404 are answers too
    return None if status < 500 else f"answers {status} at {where}"

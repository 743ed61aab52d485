"""Brings a lab up and down."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace

from lab import (
    api_part,
    certificates,
    databases,
    facts,
    identity,
    infrastructure,
    install,
    machine,
    processes,
    render,
    services,
    volumes,
)
from lab.hypervisors import hosts as libvirt_hosts
from lab.hypervisors import network
from lab.progress import LabError, say, together
from lab.remembered import remember, remembered
from lab.settings import VARIABLE_PREFIX, Settings

# A namespace ends all that is in it, so what is in it ends before; but the storage of
# its guests ends with them.
OUTER = ("namespace-", "storage-")
INFRASTRUCTURE = ("memcached", "rabbitmq", "epmd", "mariadb", "mariadb-2")


def up(settings: Settings) -> None:
    """The lab runs, complete. What runs already is left alone."""
    began = time.monotonic()
    install.ensure(settings)
    settings.root.mkdir(parents=True, exist_ok=True)
    with install.alone(settings.root / "lock", "works on this lab"):
        refuse_another_release(settings)
        if _must_start_anew(settings):
            say("its settings have changed: all services are started anew")
            _end_all(remembered(settings))
        elif settings.libvirt and remembered(settings).layout != settings.layout:
            say("its layout has changed: nova-compute is started anew")
            hosts = settings.libvirt_hosts
            processes.stop(settings, [f"nova-{host}" for host in hosts])
        remember(settings)
        render.configure(settings)
        certificates.prepare(settings)
        facts.write(settings)
        _stop_what_is_not_wanted(settings)
        machine.check_ports(settings)
        jobs = [lambda: _foundation(settings)]
        if settings.libvirt:
            jobs.append(lambda: libvirt_hosts.prepare(settings))
        together(*jobs)
        _control_plane(settings)
        api_part.call(settings, "ready")
    say(
        f"lab {settings.name!r} is up in {time.monotonic() - began:.0f} s: "
        f"export OS_CLIENT_CONFIG_FILE={settings.clouds_yaml} OS_CLOUD=lab"
    )


def refuse_another_release(settings: Settings) -> None:
    """Raise LabError if the lab of this name holds databases of another release."""
    before = remembered(settings)
    made = (settings.state / "databases-ready").exists()
    if made and before.release != settings.release:
        raise LabError(
            f"Lab {settings.name!r} is one of {before.openstack.name}, not of "
            f"{settings.openstack.name}: set {VARIABLE_PREFIX}NAME to another, or take "
            f"it down and remove {settings.root}."
        )


def _foundation(settings: Settings) -> None:
    """Databases, keystone, messages: what the control plane needs to start."""
    _write_cookie(settings)
    *_, epmd, rabbitmq, memcached = infrastructure.every(settings)
    services.start(settings, [epmd, memcached])
    services.wait(settings, epmd)
    services.start(settings, [rabbitmq])
    databases.prepare(settings)
    say("MariaDB runs")
    services.wait(settings, memcached)
    # Nova's services end at once if keystone refuses them, and are started
    # after it; the others may come up beside it.
    services.start(settings, services.neighbours(settings))
    identity.prepare(settings)
    services.wait(settings, rabbitmq)
    say("RabbitMQ runs")


def _write_cookie(settings: Settings) -> None:
    # Erlang reads its secret from this file of its home, with this mode.
    path = settings.state / "rabbitmq/.erlang.cookie"
    render.write(path, render.password(settings), mode=0o400)


def _control_plane(settings: Settings) -> None:
    neighbours, nova = services.neighbours(settings), services.nova(settings)
    consoles = services.consoles(settings)
    services.start(settings, nova)
    # A nova-compute that cannot reach placement at its start tries again only
    # a minute later.
    services.wait(settings, neighbours[0])
    services.start(settings, services.fake_computes(settings))
    if settings.libvirt:
        libvirt_hosts.start(settings)
        services.start(settings, libvirt_hosts.computes(settings))
    services.start(settings, consoles)
    for service in (*neighbours, *nova, *consoles):
        services.wait(settings, service)
    say("the control plane answers")


def _stop_what_is_not_wanted(settings: Settings) -> None:
    wanted = {service.name for service in every_service(settings)}
    extra = [n for n in processes.started_names(settings) if n not in wanted]
    if extra:
        processes.stop(settings, extra)


def every_service(settings: Settings) -> tuple[services.Service, ...]:
    """Return all services of a lab, in the order in which they start."""
    return (
        *infrastructure.every(settings),
        services.identity(settings),
        *services.neighbours(settings),
        *services.nova(settings),
        *services.consoles(settings),
        *services.fake_computes(settings),
        *libvirt_hosts.every(settings),
    )


def down(settings: Settings) -> None:
    """Nothing of the lab runs any more; its state stays for the next `up`."""
    began = time.monotonic()
    install.undo_leftovers()
    if not settings.root.exists():
        say(f"there is no lab {settings.name!r} below {settings.prefix}")
        return
    with install.alone(settings.root / "lock", "works on this lab"):
        _end_all(settings)
    say(f"lab {settings.name!r} is down ({time.monotonic() - began:.0f} s)")


def _end_all(settings: Settings) -> None:
    names = processes.started_names(settings)
    outer = [n for n in names if n == "proxy" or n.startswith(OUTER)]
    last = {*INFRASTRUCTURE, *outer}
    processes.stop(settings, [name for name in names if name not in last])
    processes.stop(settings, outer)
    processes.stop(settings, INFRASTRUCTURE, patience=60)
    processes.sweep(settings)
    network.remove(settings)
    volumes.release(settings)
    shutil.rmtree(settings.run / "tmp", ignore_errors=True)


def _must_start_anew(settings: Settings) -> bool:
    """Say whether services run with settings that they read only at start."""
    if not processes.started_names(settings):
        return False
    before = remembered(settings)
    # more or fewer services are started or stopped one by one
    counted: dict[str, object] = {
        "fake_host_count": settings.fake_host_count,
        "libvirt": settings.libvirt,
        "cinder": settings.cinder,
    }
    if before.laid_out.like(settings.laid_out):
        counted["layout"] = settings.layout
    return replace(before, **counted) != settings  # type: ignore[arg-type]

"""Starts and ends the libvirt hosts of a lab."""

from __future__ import annotations

import subprocess
import time
from functools import partial

from lab import processes, services
from lab.hypervisors import (
    accounts,
    container,
    folders,
    guest_image,
    keys,
    network,
    shared_folder,
)
from lab.hypervisors.enter import enter
from lab.progress import LabError, say, together
from lab.services import Service, nova_environment
from lab.settings import PROJECT, Settings


def prepare(settings: Settings) -> None:
    """The guest image, the keys and the folders of all hosts exist."""
    folders.make_user()
    keys.prepare(settings)
    together(
        lambda: guest_image.build(settings),
        *(partial(folders.prepare, settings, host) for host in settings.libvirt_hosts),
    )


def start(settings: Settings) -> None:
    """All namespaces are made; sshd and libvirtd answer in each of them."""
    network.make_bridge(settings)
    fresh = []
    for host in settings.libvirt_hosts:
        if processes.running(settings, f"namespace-{host}") is None:
            (settings.hosts_dir / host / "ready").unlink(missing_ok=True)
            fresh.append(host)
    services.start(settings, [namespace(settings, h) for h in settings.libvirt_hosts])
    for host in fresh:
        network.wait_for_namespaces(settings, host)
        network.connect(settings, host)
    if fresh:
        processes.stop(settings, ["proxy"])
    shared_folder.start(settings)
    services.start(settings, [proxy(settings), *daemons(settings)])
    for host in settings.libvirt_hosts:
        _wait_for_libvirt(settings, host)
    say("sshd and libvirtd answer on " + ", ".join(settings.libvirt_hosts))


def namespace(settings: Settings, host: str) -> Service:
    """The process that holds a host's namespaces."""
    script = PROJECT / "lab/inside/namespace_init.py"
    kinds = ("--net", "--mount", "--uts", "--pid", "--fork", "--mount-proc")
    return Service(
        name=f"namespace-{host}",
        argv=(
            *("unshare", *kinds, "--kill-child=SIGKILL"),
            *("/usr/bin/python3", script, settings.hosts_dir / host),
            settings.laid_out.node_of(host),
        ),
    )


def proxy(settings: Settings) -> Service:
    """What brings the control plane into the namespaces."""
    ports = [str(settings.port(name)) for name in folders.PROXIED]
    return Service(
        name="proxy",
        argv=(
            *processes.inside(settings, "proxy.py"),
            *(settings.address, ",".join(ports), settings.run),
            *settings.libvirt_hosts,
        ),
    )


def daemons(settings: Settings) -> tuple[Service, ...]:
    """sshd, virtlogd and libvirtd of every host, and Nova's sshd of a container."""
    sshd = ("/usr/sbin/sshd", "-D", "-e")
    libvirts = {
        "virtlogd": ("/usr/sbin/virtlogd",),
        "libvirtd": ("/usr/sbin/libvirtd", "--listen"),
    }
    if settings.laid_out.container:
        libvirts["novas-sshd"] = sshd
    return tuple(
        Service(name=f"{name}-{host}", argv=(*way, *command))
        for host in settings.libvirt_hosts
        for name, way, command in (
            ("sshd", enter(settings, host), sshd),
            *((name, within(settings, host), it) for name, it in libvirts.items()),
        )
    )


def computes(settings: Settings) -> tuple[Service, ...]:
    """nova-compute of every libvirt host; not as root, as in production."""
    # in a container it finds its configuration as it would on a host of its own
    etc = {"NOVAWEB_LAB_ETC": "/etc"} if settings.laid_out.container else {}
    nova = settings.laid_out.nova_user
    account = ("--reuid", nova, "--regid", nova, "--init-groups")
    return tuple(
        Service(
            name=f"nova-{host}",
            argv=(
                *within(settings, host),
                *("setpriv", *account),
                *("env", "HOME=/var/lib/nova", f"USER={nova}", "TMPDIR=/tmp"),
                settings.venv / "bin/nova-compute",
                *folders.configuration(settings, host),
            ),
            env=nova_environment(settings) | etc,
        )
        for host in settings.libvirt_hosts
    )


def every(settings: Settings) -> tuple[Service, ...]:
    """Return all services of the libvirt hosts, in the order of their start."""
    if not settings.libvirt:
        return ()
    return (
        *(namespace(settings, host) for host in settings.libvirt_hosts),
        *shared_folder.every(settings),
        proxy(settings),
        *daemons(settings),
        *computes(settings),
    )


def within(settings: Settings, host: str) -> tuple[str, ...]:
    """Return the begin of a command line for where nova-compute and virsh are."""
    here = enter(settings, host)
    if settings.laid_out.container:
        return (*here, *container.enter(settings, host))
    return here


def _wait_for_libvirt(settings: Settings, host: str) -> None:
    deadline = time.monotonic() + 60
    ask = [*within(settings, host), "virsh", "-c", "qemu:///system", "version"]
    while subprocess.run(ask, capture_output=True, check=False).returncode:
        ended = processes.running(settings, f"libvirtd-{host}") is None
        if ended or time.monotonic() > deadline:
            log = settings.run / f"libvirtd-{host}.log"
            raise LabError(f"libvirtd of {host} does not answer: see {log}")
        time.sleep(0.2)


def facts(settings: Settings) -> dict[str, object]:
    """Return what others need to know about the libvirt hosts."""
    return {
        "image": str(guest_image.path(settings)),
        "ssh_config": str(keys.config(settings)),
        "ssh_key": str(keys.key(settings)),
        "known_hosts": str(keys.known_hosts(settings)),
        "addresses": {h: settings.host_address(h) for h in settings.libvirt_hosts},
        "instances_path": settings.laid_out.instances,
        "nova_user": settings.laid_out.nova_user,
        "qemu_user": f"{accounts.QEMU}:{accounts.QEMU_GROUP}",
        # where virsh is and paths are as Nova has them
        "within": {h: list(within(settings, h)) for h in settings.libvirt_hosts},
        "shared_by": list(folders.shared_by(settings)),
        "hosts_dir": str(settings.hosts_dir),
    }

"""The bridge that connects a lab's libvirt hosts, and their cables to it."""

from __future__ import annotations

import socket
import subprocess
import time

from lab import processes
from lab.progress import LabError, run
from lab.settings import Settings


def make_bridge(settings: Settings) -> None:
    """The bridge exists, is up and has the first address of the subnet."""
    bridge = settings.bridge
    if _exists(bridge):
        return
    run(["ip", "link", "add", bridge, "type", "bridge"])
    run(["ip", "addr", "add", f"{settings.subnet}.1/24", "dev", bridge])
    run(["ip", "link", "set", bridge, "up"])


def connect(settings: Settings, host: str) -> None:
    """Give a host whose namespaces have just been made its network card."""
    cable = settings.veth(host)
    if _exists(cable):
        run(["ip", "link", "del", cable])
    init = str(_init(settings, host))
    peer = ["peer", "name", "eth0", "netns", init]
    run(["ip", "link", "add", cable, "type", "veth", *peer])
    run(["ip", "link", "set", cable, "master", settings.bridge, "up"])
    inside = ["nsenter", "-t", init, "-n", "--", "ip"]
    address = f"{settings.host_address(host)}/24"
    run([*inside, "addr", "add", address, "dev", "eth0"])
    run([*inside, "link", "set", "eth0", "up"])


def remove(settings: Settings) -> None:
    """The bridge and all cables are gone."""
    # all that could have been made, whatever the settings say now
    for card in _cards():
        if card.startswith(f"{settings.bridge}-"):
            # goes by itself, a moment after the namespace at its other end
            subprocess.run(
                ["ip", "link", "del", card], capture_output=True, check=False
            )
    if _exists(settings.bridge):
        run(["ip", "link", "del", settings.bridge])


def _init(settings: Settings, host: str) -> int:
    unshare = processes.running(settings, f"namespace-{host}")
    below = processes.children(unshare.pid) if unshare else []
    if not below:
        raise LabError(
            f"The namespaces of {host} are gone: see "
            f"{settings.run / f'namespace-{host}.log'}"
        )
    return below[0]


def _cards() -> list[str]:
    """Return the network cards of this process's own namespace.

    /sys/class/net has those of the namespace in which /sys was mounted.
    """
    return [name for _, name in socket.if_nameindex()]


def _exists(name: str) -> bool:
    return name in _cards()


def wait_for_namespaces(settings: Settings, host: str) -> None:
    """Return once the host's own folders are mounted in its namespaces."""
    ready = settings.hosts_dir / host / "ready"
    deadline = time.monotonic() + 20
    while not ready.exists():
        ended = processes.running(settings, f"namespace-{host}") is None
        if ended or time.monotonic() > deadline:
            raise LabError(
                f"The namespaces of {host} were not made: see "
                f"{settings.run / f'namespace-{host}.log'}"
            )
        time.sleep(0.05)

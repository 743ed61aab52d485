"""The containers of a libvirt host, after Kolla's: Nova's, libvirt's, and Nova's SSH.

All three have one root: what sets them apart is what runs in them. On the host there is
no virsh, no nova.conf, no account of nova-compute, and its instances are elsewhere.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from lab import render
from lab.hypervisors import accounts, keys
from lab.hypervisors.accounts import Accounts
from lab.settings import PROJECT, Settings

# Where the host has what the containers call /var/lib/nova: the volume nova_compute.
VOLUME = "/srv/docker/volumes/nova_compute/_data"
# What only libvirt's container has.
HIDDEN = tuple(f"/usr/bin/{name}" for name in ("virsh", "qemu-img"))


def prepare(settings: Settings, host: str, who: Accounts, *, nova: str) -> None:
    """Write what the containers have of their own; `nova` is the host's nova.conf."""
    folder = settings.hosts_dir / host
    etc = folder / "etc-of-containers"
    conf = (settings.etc / "nova/nova.conf").read_text() + nova
    render.write(etc / "nova/nova.conf", conf, mode=0o640)
    for path in (etc / "nova", etc / "nova/nova.conf"):
        os.chown(path, 0, who.nova_group)
    (etc / "nova").chmod(0o750)
    for name, text in accounts.files(who, nova=True, entering="root").items():
        render.write(etc / name, text, mode=0o644)
    sudoers = (folder / "sudoers.d/nova").read_text()
    render.write(etc / "sudoers.d/nova", sudoers, mode=0o440)
    render.write(etc / "hosts", (folder / "hosts").read_text(), mode=0o644)
    _ssh(settings, host, etc / "ssh")
    plan = {
        "root": str(folder / "root-of-containers"),
        "etc": str(etc),
        "binds": {
            str(settings.venv): str(settings.venv),
            str(folder / "var-lib-nova"): "/var/lib/nova",
            str(folder / "var-lib-libvirt"): "/var/lib/libvirt",
            str(folder / "var-log-libvirt"): "/var/log/libvirt",
            str(folder / "var-cache-libvirt"): "/var/cache/libvirt",
            str(folder / "etc-libvirt"): "/etc/libvirt",
        },
    }
    render.write(folder / "container.json", json.dumps(plan, indent=1) + "\n")


def _ssh(settings: Settings, host: str, etc: Path) -> None:
    """Nova reaches Nova on the other hosts by a port that leads into its container."""
    known = keys.known_hosts(settings).read_text()
    render.write(etc / "ssh_known_hosts", known, mode=0o644)
    others = f"Host {settings.subnet}.*\n  Port {keys.NOVAS_PORT}\n  BatchMode yes\n"
    render.write(etc / "ssh_config", others, mode=0o644)
    known_as = {
        "ssh_port": keys.NOVAS_PORT,
        "host_address": settings.host_address(host),
        "more_of_sshd": "PidFile none\nAllowUsers nova\n",
    }
    render.write(etc / "sshd_config", render.fill("sshd_config", known_as), mode=0o644)
    key = keys.host_key(settings, host)
    render.write(etc / "ssh_host_ed25519_key", key.read_text(), mode=0o600)


def enter(settings: Settings, host: str) -> tuple[str, ...]:
    """Return the begin of a command line that leads from a host into a container."""
    script = PROJECT / "lab/inside/container.py"
    own = ("unshare", "--mount", "--propagation", "private")
    return (*own, "/usr/bin/python3", str(script), str(settings.hosts_dir / host))

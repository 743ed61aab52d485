"""SSH keys of a lab: one for all who may enter the hosts, one for each host."""

from __future__ import annotations

from pathlib import Path

from lab import render
from lab.progress import run
from lab.settings import Settings


def folder(settings: Settings) -> Path:
    return settings.root / "ssh"


def key(settings: Settings) -> Path:
    return folder(settings) / "id_ed25519"


def known_hosts(settings: Settings) -> Path:
    return folder(settings) / "known_hosts"


def config(settings: Settings) -> Path:
    return folder(settings) / "config"


def host_key(settings: Settings, host: str) -> Path:
    return settings.hosts_dir / host / "etc-ssh/ssh_host_ed25519_key"


def prepare(settings: Settings) -> None:
    """All keys, the known_hosts and the client configuration exist."""
    folder(settings).mkdir(exist_ok=True)
    _make(key(settings), comment=f"novaweb lab {settings.name}")
    known, client = [], []
    for host in settings.libvirt_hosts:
        path = host_key(settings, host)
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(path, comment=host)
        kind, public = path.with_suffix(".pub").read_text().split()[:2]
        # the address too: nova copies disks by address
        known.append(f"{host},{settings.host_address(host)} {kind} {public}\n")
        client.append(
            f"Host {host}\n"
            f"  HostName {settings.host_address(host)}\n"
            "  User root\n"
            f"  IdentityFile {key(settings)}\n"
            "  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {known_hosts(settings)}\n"
        )
    render.write(known_hosts(settings), "".join(known), mode=0o644)
    render.write(config(settings), "".join(client), mode=0o644)


def _make(path: Path, *, comment: str) -> None:
    if not path.exists():
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])

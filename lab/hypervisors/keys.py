"""SSH keys of a lab: one for all who may enter the hosts, one for each host."""

from __future__ import annotations

from pathlib import Path

from lab import render
from lab.progress import run
from lab.settings import Settings

NOVAS_PORT = 8022  # of the sshd for Nova alone, beside one in a container


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
    laid_out = settings.laid_out
    for host in settings.libvirt_hosts:
        path = host_key(settings, host)
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(path, comment=host)
        kind, public = path.with_suffix(".pub").read_text().split()[:2]
        known.append(f"{','.join(_known_as(settings, host))} {kind} {public}\n")
        client.append(
            f"Host {host}\n"
            f"  HostName {settings.host_address(host)}\n"
            f"  Port {laid_out.ssh_port}\n"
            f"  User {laid_out.ssh_user}\n"
            f"  IdentityFile {key(settings)}\n"
            "  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {known_hosts(settings)}\n"
        )
    render.write(known_hosts(settings), "".join(known), mode=0o644)
    render.write(config(settings), "".join(client), mode=0o644)


def _known_as(settings: Settings, host: str) -> list[str]:
    """Return a host's names with their ports, as known_hosts has them."""
    address, laid_out = settings.host_address(host), settings.laid_out
    # the address too: nova copies disks by address
    names = dict.fromkeys((host, settings.laid_out.known_as_of(host), address))
    port = laid_out.ssh_port
    return [
        *(name if port == 22 else f"[{name}]:{port}" for name in names),
        *([f"[{address}]:{NOVAS_PORT}"] if laid_out.container else []),
    ]


def _make(path: Path, *, comment: str) -> None:
    if not path.exists():
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])

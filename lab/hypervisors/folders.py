"""The folders of a libvirt host: its /etc/libvirt, /var/lib/nova and others."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from string import Template

from lab import render
from lab.hypervisors import accounts, container, keys
from lab.hypervisors.accounts import Accounts
from lab.layout import number
from lab.progress import run
from lab.settings import PORTS, PROJECT, Settings

# What a host has of its own, and where it looks for it.
BINDS = {
    "root": "/root",
    "etc-ssh": "/etc/ssh",
    "etc-libvirt": "/etc/libvirt",
    "sudoers.d": "/etc/sudoers.d",
    "var-lib-nova": "/var/lib/nova",
    "var-lib-novaweb": "/var/lib/novaweb",
    "var-lib-libvirt": "/var/lib/libvirt",
    "var-log-libvirt": "/var/log/libvirt",
    "var-cache-libvirt": "/var/cache/libvirt",
    "hosts": "/etc/hosts",
    "hostname": "/etc/hostname",
}
FOLDERS = (
    "etc-ssh",
    "etc-libvirt/qemu/networks",
    "root/.ssh",
    "sudoers.d",
    "var-cache-libvirt",
    "var-lib-libvirt/qemu",
    "var-lib-nova/.ssh",
    "var-lib-novaweb",
    "var-log-libvirt/qemu",
)
# Mounted over in the namespaces, so they must be there.
MOUNT_POINTS = (
    "/var/lib/nova",
    "/var/lib/novaweb",
    "/etc/sudoers.d",
    "/etc/ssh",
    "/root",
)
INSTANCES = "/var/lib/nova/instances"
# Where a layout wants folders that a machine need not have.
SCRATCH = "/srv"
# What lets a host mount FAT.
SBIN = PROJECT / "lab/inside/sbin"
# What the hosts need of the control plane.
OUTSIDE = {"mariadb", "mariadb-2", "galera", "novncproxy"}
PROXIED = tuple(name for name in PORTS if name not in OUTSIDE)


def make_user() -> None:
    """The account that nova-compute runs as exists and may use libvirt."""
    if "nova" not in {line.split(":")[0] for line in _passwd()}:
        # '*' and not the '!' of a locked account, which sshd turns away
        home = ["--home-dir", "/var/lib/nova", "--shell", "/bin/bash"]
        run(["useradd", "--system", *home, "--password", "*", "nova"])
    run(["usermod", "-aG", "libvirt,kvm", "nova"])
    for path in MOUNT_POINTS:
        Path(path).mkdir(exist_ok=True)


def _passwd() -> list[str]:
    return Path("/etc/passwd").read_text().splitlines()


def prepare(settings: Settings, host: str) -> None:
    """Write everything that is a host's own."""
    folder, who = settings.hosts_dir / host, accounts.of(settings, host)
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    known = _known(settings, host, who)
    files = {
        "hosts": _hosts_file(settings),
        "hostname": settings.laid_out.node_of(host) + "\n",
        "etc-ssh/sshd_config": render.fill("sshd_config", known),
        "etc-ssh/ssh_config": _ssh_client(settings),
        "etc-ssh/ssh_known_hosts": keys.known_hosts(settings).read_text(),
        "etc-libvirt/libvirtd.conf": render.fill("libvirtd.conf", known),
        "etc-libvirt/qemu.conf": render.fill("qemu.conf", known),
        "etc-libvirt/virtlogd.conf": 'log_outputs = "3:stderr"\n',
    }
    binds = {str(folder / name): target for name, target in BINDS.items()}
    laid_out = settings.laid_out
    if laid_out.instances != INSTANCES:
        (folder / "instances").mkdir(exist_ok=True)
        os.chown(folder / "instances", who.nova_id, who.nova_group)
        binds[str(folder / "instances")] = laid_out.instances
    if who.own:
        for name, text in accounts.files(
            who, nova=not laid_out.container, entering=laid_out.ssh_user
        ).items():
            files[name] = text
            binds[str(folder / name)] = f"/etc/{name}"
    for name, text in files.items():
        render.write(folder / name, text, mode=0o644)
    _sudoers(settings, folder, known)
    _let_in(settings, folder, who)
    conf = render.fill("libvirt-host.conf", known)
    conf += _more_of_nova(settings, host, known)
    tmpfs: list[str] = [SCRATCH] if settings.layout else []
    hidden: list[str] = []
    if laid_out.container:
        container.prepare(settings, host, who, nova=conf)
        binds[str(folder / "var-lib-nova")] = container.VOLUME
        hidden = list(container.HIDDEN)
    over = {str(SBIN): "/usr/sbin"} if laid_out.fat else {}
    plan = {"tmpfs": tmpfs, "hidden": hidden, "over": over, "binds": binds}
    render.write(folder / "mounts.json", json.dumps(plan, indent=1) + "\n")
    _nova_configuration(settings, host, conf, who.nova_group)


def _known(settings: Settings, host: str, who: Accounts) -> dict[str, object]:
    """Return what the templates of a host may name."""
    laid_out = settings.laid_out
    more = "".join(f"{name} {value}\n" for name, value in laid_out.sshd.items())
    if laid_out.ssh_user != "root":
        # who comes from outside, not a host that copies from another
        more += f"Match Address {settings.subnet}.1\n  PermitRootLogin no\n"
    address = settings.host_address(host)
    return render.values(settings) | {
        "host": host,
        "host_address": address,
        "host_uuid": uuid.uuid5(uuid.NAMESPACE_DNS, f"{host}.{settings.name}"),
        "ssh_port": laid_out.ssh_port,
        "more_of_sshd": more,
        "nova_user": who.nova,
    }


def _hosts_file(settings: Settings) -> str:
    lines = ["127.0.0.1 localhost\n"]
    for host in settings.libvirt_hosts:
        names = dict.fromkeys(
            (settings.laid_out.node_of(host), settings.laid_out.known_as_of(host))
        )
        lines.append(f"{settings.host_address(host)} {' '.join(names)}\n")
    return "".join(lines)


def _ssh_client(settings: Settings) -> str:
    text, port = "Host *\n  BatchMode yes\n", settings.laid_out.ssh_port
    if port != 22:
        text += f"Host {settings.subnet}.*\n  Port {port}\n"
    for host in settings.libvirt_hosts:
        if (name := settings.laid_out.known_as_of(host)) != host or port != 22:
            text += f"Host {host}\n  HostName {name}\n  Port {port}\n"
    return text


def _sudoers(settings: Settings, folder: Path, known: Mapping[str, object]) -> None:
    text = render.fill("sudoers", known)
    if (user := settings.laid_out.ssh_user) != "root":
        text += f"{user} ALL=(ALL) NOPASSWD: ALL\n"
    render.write(folder / "sudoers.d/nova", text, mode=0o440)


def _let_in(settings: Settings, folder: Path, who: Accounts) -> None:
    """Root, nova-compute's account and who comes by SSH have the lab's key."""
    key = keys.key(settings)
    public = key.with_suffix(".pub").read_text()
    for home in ("root/.ssh", "var-lib-nova/.ssh"):
        render.write(folder / home / "id_ed25519", key.read_text(), mode=0o600)
        render.write(folder / home / "authorized_keys", public, mode=0o600)
        (folder / home).chmod(0o700)
    if settings.laid_out.ssh_user != "root":
        render.write(folder / "etc-ssh/authorized_keys", public, mode=0o644)
    owner = f"{who.nova_id}:{who.nova_group}"
    for path in (folder / "var-lib-nova", *_instances(settings, folder)):
        path.mkdir(exist_ok=True)
        os.chown(path, who.nova_id, who.nova_group)
    run(["chown", "-R", owner, folder / "var-lib-nova/.ssh"])
    shutil.chown(folder / "var-lib-libvirt/qemu", who.qemu_id, accounts.QEMU_GROUP)


def _instances(settings: Settings, folder: Path) -> list[Path]:
    """Return where in a host's folder its Nova keeps instances by a nova.conf."""
    home = f"{accounts.HOME}/"
    named = [
        value
        for _, option, value in settings.laid_out.options(folder.name)
        if option == "instances_path" and value.startswith(home)
    ]
    inside = [path.removeprefix(home) for path in (INSTANCES, *named)]
    return [folder / "var-lib-nova" / name for name in inside]


def _more_of_nova(settings: Settings, host: str, known: Mapping[str, object]) -> str:
    """Return what the layout adds to a host's nova.conf."""
    lines = [
        f"\n[{section}]\n{option} = {value}\n"
        for section, option, value in settings.laid_out.options(host)
    ]
    return Template("".join(lines)).substitute(known)


def configuration(settings: Settings, host: str) -> tuple[str | Path, ...]:
    """Return nova-compute's options that name its files."""
    common, own = _configuration(settings, host)
    if settings.laid_out.container:
        return ()  # it finds them by itself
    if settings.laid_out.config_dir:
        return ("--config-file", common, "--config-dir", own.parent)
    return ("--config-file", common, "--config-file", own)


def _configuration(settings: Settings, host: str) -> tuple[Path, Path]:
    """Return where nova.conf and a host's own part of it are."""
    etc = settings.etc / "nova"
    laid_out = settings.laid_out
    own = etc / "hosts" / f"{host}.conf"
    if laid_out.config_dir:
        own = etc / "hosts" / f"{host}.conf.d" / "50-host.conf"
    # each host's account must be able to read it, and others must not
    common = (
        etc / "hosts" / f"{host}.common" if laid_out.first_id else etc / "nova.conf"
    )
    return common, own


def _nova_configuration(settings: Settings, host: str, text: str, group: int) -> None:
    common, own = _configuration(settings, host)
    render.write(own, text, mode=0o640)
    if settings.laid_out.first_id:
        text = (settings.etc / "nova/nova.conf").read_text()
        render.write(common, text, mode=0o640)
    for path in (own, common):
        os.chown(path, 0, group)
        path.chmod(0o640)


def shared_by(settings: Settings) -> tuple[str, ...]:
    """Return the hosts that share one folder of instances."""
    return tuple(
        host
        for host in settings.libvirt_hosts
        if number(host) in settings.laid_out.shared
    )

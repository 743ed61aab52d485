"""The folders of a libvirt host: its /etc/libvirt, /var/lib/nova and others."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from lab import render
from lab.hypervisors import keys
from lab.progress import run
from lab.settings import PORTS, Settings

FOLDERS = (
    "etc-ssh",
    "etc-libvirt/qemu/networks",
    "root/.ssh",
    "sudoers.d",
    "var-cache-libvirt",
    "var-lib-libvirt/qemu",
    "var-lib-nova/.ssh",
    "var-lib-nova/instances",
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
# What the hosts need of the control plane.
PROXIED = tuple(name for name in PORTS if name != "mariadb")


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
    folder = settings.hosts_dir / host
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    address = settings.host_address(host)
    known = render.values(settings) | {
        "host": host,
        "host_address": address,
        "host_uuid": uuid.uuid5(uuid.NAMESPACE_DNS, f"{host}.{settings.name}"),
    }

    def put(name: str, text: str, mode: int = 0o644) -> None:
        render.write(folder / name, text, mode=mode)

    put("hosts", _hosts_file(settings))
    put("hostname", host + "\n")
    put("etc-ssh/sshd_config", render.fill("sshd_config", known))
    put("etc-ssh/ssh_config", "Host *\n  BatchMode yes\n")
    put("etc-ssh/ssh_known_hosts", keys.known_hosts(settings).read_text())
    put("etc-libvirt/libvirtd.conf", render.fill("libvirtd.conf", known))
    put("etc-libvirt/qemu.conf", render.fill("qemu.conf", known))
    put("etc-libvirt/virtlogd.conf", 'log_outputs = "3:stderr"\n')
    put("sudoers.d/nova", render.fill("sudoers", known), mode=0o440)
    for home in ("root/.ssh", "var-lib-nova/.ssh"):
        key = keys.key(settings)
        put(f"{home}/id_ed25519", key.read_text(), mode=0o600)
        public = key.with_suffix(".pub").read_text()
        put(f"{home}/authorized_keys", public, mode=0o600)
        (folder / home).chmod(0o700)
    for path in (folder / "var-lib-nova", folder / "var-lib-nova/instances"):
        shutil.chown(path, "nova", "nova")
    run(["chown", "-R", "nova:nova", folder / "var-lib-nova/.ssh"])
    shutil.chown(folder / "var-lib-libvirt/qemu", "libvirt-qemu", "kvm")
    _nova_configuration(settings, host, render.fill("libvirt-host.conf", known))


def _hosts_file(settings: Settings) -> str:
    lines = ["127.0.0.1 localhost\n"]
    lines += [f"{settings.host_address(h)} {h}\n" for h in settings.libvirt_hosts]
    return "".join(lines)


def _nova_configuration(settings: Settings, host: str, text: str) -> None:
    own = settings.etc / "nova/hosts" / f"{host}.conf"
    render.write(own, text, mode=0o640)
    for path in (own, settings.etc / "nova/nova.conf"):
        shutil.chown(path, "root", "nova")
        path.chmod(0o640)

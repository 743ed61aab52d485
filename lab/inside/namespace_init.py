"""PID 1 of a libvirt host's namespaces: namespace_init.py FOLDER HOST

Puts the host's own folders where libvirt, nova and sshd look for theirs, says
so by the file FOLDER/ready, and then reaps: libvirt waits for each QEMU to
vanish.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

MOUNTS = {
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


def main() -> None:
    folder, host = Path(sys.argv[1]), sys.argv[2]
    run("mount", "--make-rprivate", "/")
    run("umount", "-R", "-l", "/sys")
    run("mount", "-t", "sysfs", "sysfs", "/sys")
    for source, target in MOUNTS.items():
        run("mount", "--bind", str(folder / source), target)
    hide_kvm(folder / "no-kvm")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "run", "/run")
    for name in ("sshd", "libvirt", "lock", "sudo"):
        os.makedirs(f"/run/{name}")
    socket.sethostname(host)
    run("ip", "link", "set", "lo", "up")
    signal.signal(signal.SIGCHLD, reap)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    (folder / "ready").touch()
    while True:
        signal.pause()


def hide_kvm(empty: Path) -> None:
    """Leave the host without KVM: its guests are emulated on every machine alike.

    Where /dev/kvm is there but not QEMU's to open, as without udev, libvirt (9.0,
    virQEMUCapsIsValid) takes what it knows of QEMU for outdated and starts QEMU to
    learn it, a second and more, each time that anybody asks: hundreds of times.
    """
    if os.path.exists("/dev/kvm"):
        empty.touch(mode=0o000)
        run("mount", "--bind", str(empty), "/dev/kvm")


def run(*argv: str) -> None:
    subprocess.run(argv, check=True)


def reap(*_: object) -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main()

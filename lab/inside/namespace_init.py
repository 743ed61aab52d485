"""PID 1 of a libvirt host's namespaces: namespace_init.py FOLDER NODE

Puts the host's own folders where libvirt, nova and sshd look for theirs, as
FOLDER/mounts.json says, tells so by the file FOLDER/ready, and then reaps: libvirt
waits for each QEMU to vanish.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def main() -> None:
    folder, node = Path(sys.argv[1]), sys.argv[2]
    plan = json.loads((folder / "mounts.json").read_text())
    run("mount", "--make-rprivate", "/")
    run("umount", "-R", "-l", "/sys")
    run("mount", "-t", "sysfs", "sysfs", "/sys")
    for place in plan["tmpfs"]:
        run("mount", "-t", "tmpfs", "-o", "mode=755", "own", place)
    for source, target in plan["binds"].items():
        if any(target.startswith(f"{place}/") for place in plan["tmpfs"]):
            os.makedirs(target)
        run("mount", "--bind", source, target)
    hide(folder / "without", plan["hidden"])
    for more, place in plan["over"].items():
        lay(more, place)
    hide_kvm(folder / "no-kvm")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "run", "/run")
    for name in ("sshd", "libvirt", "lock", "sudo"):
        os.makedirs(f"/run/{name}")
    socket.sethostname(node)
    run("ip", "link", "set", "lo", "up")
    signal.signal(signal.SIGCHLD, reap)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    (folder / "ready").touch()
    while True:
        signal.pause()


def hide(layer: Path, programs: Sequence[str]) -> None:
    """Leave the host without these programs, which are in one folder.

    By a layer over it whose devices 0:0 stand for what is not there (overlayfs).
    """
    layer.mkdir(exist_ok=True)
    for program in map(Path, programs):
        absent = layer / program.name
        if not absent.exists():
            os.mknod(absent, stat.S_IFCHR, os.makedev(0, 0))
    for place in {str(Path(program).parent) for program in programs}:
        lay(layer, place)


def lay(layer: str | Path, place: str) -> None:
    """Show the folder with what is in the layer over it."""
    lower = f"lowerdir={layer}:{place}"
    run("mount", "-t", "overlay", "-o", lower, "overlay", place)


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

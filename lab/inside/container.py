"""Runs a command in a container of a libvirt host: container.py FOLDER COMMAND...

Called in a mount namespace of its own (`unshare --mount`), it makes a root file system
as FOLDER/container.json says, leaves the host's behind, and becomes the command. The
programs are the machine's; /etc is, too, with what FOLDER has instead laid over it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# Of the host, as they are: with --pid=host and --net=host, as Kolla starts them.
SAME = ("/proc", "/sys", "/dev", "/run")
PLACES = ("tmp", "root", "etc", "var/tmp", "var/lib", "var/log", "old")


def main() -> None:
    folder, *command = sys.argv[1:]
    plan = json.loads(Path(folder, "container.json").read_text())
    root = Path(plan["root"])
    root.mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "mode=755", "container", str(root))
    for name in PLACES:
        (root / name).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    (root / "var/run").symlink_to("/run")
    programs(root)
    lower = f"lowerdir={plan['etc']}:/etc"
    run("mount", "-t", "overlay", "-o", lower, "overlay", str(root / "etc"))
    for place in SAME:
        bind(place, root, place, recursive=True)
    for source, target in plan["binds"].items():
        bind(source, root, target)
    os.chdir(root)
    run("pivot_root", ".", "old")
    os.chdir("/")
    run("umount", "-l", "/old")
    os.rmdir("/old")
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


def programs(root: Path) -> None:
    """/usr, and what of it has a name of its own at the root.

    Without what is mounted below, by which the host is without some programs.
    """
    bind("/usr", root, "/usr")
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        machines = Path("/", name)
        if machines.is_symlink():
            (root / name).symlink_to(os.readlink(machines))
        elif machines.is_dir():
            bind(str(machines), root, str(machines))


def bind(source: str, root: Path, target: str, *, recursive: bool = False) -> None:
    place = root / target.lstrip("/")
    place.mkdir(parents=True, exist_ok=True)
    run("mount", "--rbind" if recursive else "--bind", source, str(place))


def run(*argv: str) -> None:
    subprocess.run(argv, check=True)


if __name__ == "__main__":
    main()

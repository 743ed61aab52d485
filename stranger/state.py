"""What there is on a machine at one moment, of all that a command could leave."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from stranger.allowed import OURS
from stranger.machine import Machine

MERGED = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}  # links into /usr
NAMESPACES = ("mnt", "net", "pid", "uts", "ipc", "user", "cgroup")


@dataclass(frozen=True, kw_only=True)
class State:
    """Each a set of names; a file's is its path, an empty folder's ends in a slash."""

    processes: frozenset[str]
    namespaces: frozenset[str]
    mounts: frozenset[str]
    interfaces: frozenset[str]
    users: frozenset[str]
    services: frozenset[str]
    files: frozenset[str]

    def since(self, before: State) -> dict[str, list[str]]:
        """What is new in each kind."""
        return {
            f.name: sorted(getattr(self, f.name) - getattr(before, f.name))
            for f in fields(self)
        }


def of(machine: Machine, bare: Path) -> State:
    """The state of a machine that was made from the bare system."""
    passwd = (machine.root / "etc/passwd").read_text()
    return State(
        processes=frozenset(_processes(machine)),
        namespaces=frozenset(_namespaces(machine)),
        mounts=frozenset(_mounts(machine)),
        interfaces=frozenset(_interfaces(machine)),
        users=frozenset(line.partition(":")[0] for line in passwd.splitlines()),
        services=frozenset(_services(machine.root)),
        files=frozenset(_files(machine, bare)),
    )


def _running(machine: Machine) -> Iterator[Path]:
    """Its processes, but the first one, and what that one waits for."""
    for path in (machine.root / "proc").iterdir():
        if path.name.isdigit() and path.name != "1":
            yield path


def _words(path: Path) -> str:
    return (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()


def _processes(machine: Machine) -> Iterator[str]:
    first = _words(machine.root / "proc/1")
    for path in _running(machine):
        try:
            command = _words(path)
            status = (path / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parent = re.search(r"^PPid:\s*(\d+)", status, re.M)
        # a child of the first process that is not sleep yet still has its words
        waits = command in ("sleep infinity ", first)
        if not (waits and parent and parent[1] == "1"):
            name = re.search(r"^Name:\s*(.*)", status, re.M)
            yield command.strip() or (name[1] if name else path.name)


def _namespaces(machine: Machine) -> Iterator[str]:
    for path in (machine.root / "proc/1", *_running(machine)):
        for kind in NAMESPACES:
            try:
                yield os.readlink(path / "ns" / kind)
            except OSError:
                continue


def _mounts(machine: Machine) -> Iterator[str]:
    for line in Path(f"/proc/{machine.init}/mounts").read_text().splitlines():
        _, target, kind, *_ = line.split()
        yield f"{target} ({kind})"


def _interfaces(machine: Machine) -> Iterator[str]:
    text = Path(f"/proc/{machine.init}/net/dev").read_text()
    for line in text.splitlines()[2:]:
        yield line.partition(":")[0].strip()


def _services(root: Path) -> Iterator[str]:
    """What starts at boot: by systemd's links, or by those of System V.

    Not the units of systemd itself, as the lab leaves them alone: a system that gets
    it as its init would not come up without them.
    """
    listed = root / "var/lib/dpkg/info/systemd.list"
    own = listed.read_text().split() if listed.exists() else []
    units = {path.rpartition("/")[2] for path in own if "/systemd/system/" in path}
    for pattern in (
        "systemd/system/*.wants/*",
        "systemd/system/*.requires/*",
        "rc[2345].d/S*",
    ):
        for path in (root / "etc").glob(pattern):
            unit = path.readlink().name if path.is_symlink() else path.name
            if not {unit, path.name, path.name.replace("@tty1", "@")} & units:
                yield f"/etc/{path.relative_to(root / 'etc')}"


def _files(machine: Machine, bare: Path) -> Iterator[str]:
    """Files that are new or another than in the bare system, and in no package.

    In a clone of the project: what git neither has nor ignores.
    """
    owned = packaged(machine.root)
    ours = frozenset([*machine.clones, *OURS])
    yield from new_in(machine.written, bare, owned, ours=ours)
    for folder in ("run", "dev/shm"):
        for path in new_in(machine.root / folder, Path("/nowhere"), frozenset()):
            yield f"/{folder}{path}"
    for clone in machine.clones:
        known = machine.call(
            *("git", "-c", f"safe.directory={clone}", "-C", clone),
            *("status", "--porcelain", "--untracked-files=all"),
        )
        for line in known.splitlines():
            yield f"{clone}/{line[3:]}"


def new_in(
    top: Path,
    bare: Path,
    owned: frozenset[str],
    *,
    ours: frozenset[str] = frozenset(),
) -> Iterator[str]:
    """Paths below ``top`` that ``bare`` has not or has otherwise, and nobody owns.

    A folder counts if it is new and empty. What is ``ours`` is not looked into.
    """
    for parent, folders, files in os.walk(top):
        inside = "/" + os.path.relpath(parent, top).removeprefix(".")
        inside = inside.rstrip("/") + "/"
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        for name in (*files, *links):
            path = inside + name
            here = Path(parent, name)
            if path not in owned and not (
                _same(here, bare / path[1:]) or _alternative(here)
            ):
                yield path
        is_new = inside.rstrip("/") not in owned and not (bare / inside[1:]).is_dir()
        if not files and not folders and is_new:
            yield inside
        folders[:] = [name for name in folders if inside + name not in ours]


def _alternative(path: Path) -> bool:
    """Tell whether it is one of update-alternatives's links."""
    return path.is_symlink() and str(path.readlink()).startswith("/etc/alternatives/")


def _same(path: Path, other: Path) -> bool:
    try:
        now, then = path.lstat(), other.lstat()
    except OSError:
        return False
    if stat.S_ISCHR(now.st_mode) and now.st_rdev == 0:
        return True  # an overlay's mark: what was here has been removed
    if stat.S_ISLNK(now.st_mode) and stat.S_ISLNK(then.st_mode):
        return path.readlink() == other.readlink()
    return (now.st_mode, now.st_size, now.st_mtime_ns) == (
        *(then.st_mode, then.st_size, then.st_mtime_ns),
    )


def packaged(root: Path) -> frozenset[str]:
    """Every path that a package of the distribution brought."""
    found = set()
    for listed in (root / "var/lib/dpkg/info").glob("*.list"):
        for path in listed.read_text(errors="replace").splitlines():
            first = path[1:].partition("/")[0]
            found.add(f"/usr{path}" if first in MERGED else path)
    return frozenset(found)

"""What the machine starts at its next boot: an install must leave it as it was."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from lab.progress import LabError, run

ETC = Path("/etc")


def enabled() -> set[str]:
    """Return what is started at boot: links of units, and init scripts by runlevel.

    An init script is named without the number of its link, which another script's
    coming may change: "rc2.d/ssh".
    """
    return set(_units()) | set(_scripts())


def _units() -> dict[str, Path]:
    folder = ETC / "systemd/system"
    links = (path for path in folder.rglob("*") if path.is_symlink())
    # a link to /dev/null keeps a unit from being started
    wanted = (link for link in links if os.readlink(link) != "/dev/null")
    return {str(link.relative_to(ETC)): link for link in wanted}


def _scripts() -> dict[str, Path]:
    links = ETC.glob("rc[S2345].d/S[0-9][0-9]*")
    return {f"{link.parent.name}/{link.name[3:]}": link for link in links}


def put_back(before: Iterable[str], *, until: float) -> None:
    """Nothing is started at boot that was not among ``before``.

    Left alone are links made after ``until`` (seconds since the epoch), which are
    not of the install, and the units of systemd itself: a system that gets it as
    its init would not come up without them.
    """
    known = set(before)
    for name, link in _units().items():
        ours = name not in known and link.lstat().st_mtime <= until
        if ours and not _of_systemd(link):
            link.unlink()
    scripts = {
        link.name[3:]
        for name, link in _scripts().items()
        if name not in known and link.lstat().st_mtime <= until
    }
    for script in sorted(scripts):
        # and not removed: without any link the next upgrade would enable it again
        run(["update-rc.d", script, "disable"])


def _of_systemd(link: Path) -> bool:
    unit = Path(os.readlink(link)).name
    try:
        listed = run(["dpkg-query", "-S", f"*/systemd/system/{unit}"])
    except LabError:
        return False  # of no package
    return any(line.partition(":")[0] == "systemd" for line in listed.splitlines())

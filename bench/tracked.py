"""How long an instance is off for its copy, by the size of its disk; no lab is needed.

    python -m bench.tracked [--gib 1 4 16] [--folder /var/tmp]

A real QEMU has a qcow2 disk of each size, all of whose clusters are allocated (most of
them holes, so that little room is needed), and writes 64 MiB after the warm copy. Both
hosts are folders of this machine. Measured is what has to pass while the instance is
off: novaweb's last pass with a dirty bitmap and, interleaved, the copy of the folder by
the article's command. Every copy is compared byte by byte. Needs room for one disk of
the largest size, rsync, qemu-img, qemu-nbd and qemu-system-x86_64. Ends with status 1
if a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.integrations.host_commands.tracked_guest import MIB, TrackedGuest, tool

PATIENCE = 3600.0  # seconds, for one command
# Over old data and where none was: 4 x 16 MiB.
WRITTEN = tuple((at * MIB, 16 * MIB) for at in (100, 300, 500, 900))
# The last pass of the largest disk by that of the smallest, and by the article's copy.
GROWTH, DOWNTIME = 1.5, 1 / 20


@dataclass(frozen=True)
class Cost:
    """Seconds that something took, and those of the processors in them.

    What else runs on the machine lengthens the first only.
    """

    seconds: float
    processor: float


def main() -> int:
    """Measure, print, clean up; see above for the exit status."""
    parser = argparse.ArgumentParser(description="The last pass by the disk's size.")
    parser.add_argument("--gib", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    costs: list[tuple[Cost, Cost]] = []
    try:
        for gib in sorted(asked.gib):
            with tempfile.TemporaryDirectory(dir=asked.folder) as top:
                costs.append(measure(Path(top), gib))
    except KeyboardInterrupt:
        return 130
    (first, _), (last, article) = costs[0], costs[-1]
    load = os.getloadavg()[0]
    print(f"other processes running: {load:.1f} on {os.cpu_count()} cores")
    met = (
        goal("largest by smallest", last, first, GROWTH),
        goal("largest by the article's", last, article, DOWNTIME),
    )
    return 0 if all(met) else 1


def measure(top: Path, gib: int) -> tuple[Cost, Cost]:
    """Return the costs of the last pass, and of the article's copy."""
    guest = TrackedGuest(top, patience=PATIENCE)
    options = ("-f", "qcow2", "-o", "preallocation=metadata")
    tool("img", "create", "-q", *options, str(guest.folder / "disk"), f"{gib}G")
    try:
        guest.start()
        guest.write(64 * MIB, 64 * MIB)
        guest.track()
        told(f"{gib} GiB: warm copy, running", guest.warm)
        for at, size in WRITTEN:
            guest.write(at, size)
        guest.io("flush")
    finally:
        guest.stop()
    ways: list[tuple[str, str]] = []
    last = told(f"{gib} GiB: last pass, off", lambda: ways.extend(guest.last()))
    if [way for way, _ in ways] != ["tracked"]:
        raise SystemExit(f"all was compared: {ways}")
    told(f"{gib} GiB: proof, running", lambda: well(guest.prove()))
    guest.expect_same()
    shutil.rmtree(guest.there)  # the room is needed
    command = f"rsync -r --progress {guest.folder} -e ssh host:{top}/article/"
    article = told(f"{gib} GiB: article, off", lambda: well(guest.sh(command, top)))
    return last, article


def well(done: subprocess.CompletedProcess[str]) -> None:
    """End the measurement if that did not end well."""
    if done.returncode:
        raise SystemExit(f"it ended with status {done.returncode}: {done.stderr}")


def told(what: str, act: Callable[[], object]) -> Cost:
    """Do it; print and return what it took."""
    began, before = time.monotonic(), os.times()
    act()
    ended, after = time.monotonic(), os.times()
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    cost = Cost(ended - began, used)
    print(
        f"{what:28} {cost.seconds:8.2f} s, {cost.processor:7.2f} s of processors",
        flush=True,
    )
    return cost


def goal(what: str, ours: Cost, other: Cost, most: float) -> bool:
    """Print the ratios, and tell whether that of the time is small enough."""
    share = ours.seconds / other.seconds
    verdict = "holds" if share <= most else "MISSED"
    processor = ours.processor / other.processor
    print(
        f"{what:28} {share:8.3f}   at most {most:.3f}   {verdict}"
        f"   (of processors {processor:.3f})",
        flush=True,
    )
    return share <= most


if __name__ == "__main__":
    sys.exit(main())

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
import sys
import tempfile
import time
from pathlib import Path

from tests.integrations.host_commands.tracked_guest import MIB, TrackedGuest, tool

PATIENCE = 3600.0  # seconds, for one command
# Over old data and where none was: 4 x 16 MiB.
WRITTEN = tuple((at * MIB, 16 * MIB) for at in (100, 300, 500, 900))
# The last pass of the largest disk by that of the smallest, and by the article's copy.
GROWTH, DOWNTIME = 1.5, 1 / 20


def main() -> int:
    """Measure, print, clean up; see above for the exit status."""
    parser = argparse.ArgumentParser(description="The last pass by the disk's size.")
    parser.add_argument("--gib", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    asked = parser.parse_args()
    passes: list[float] = []
    share = 0.0
    for gib in sorted(asked.gib):
        top = Path(tempfile.mkdtemp(prefix="novaweb-bench-", dir=asked.folder))
        try:
            last, article = measure(top, gib)
        finally:
            shutil.rmtree(top)
        passes.append(last)
        share = last / article
        print(f"{gib} GiB: {share:.3f} of the article's", flush=True)
    load = os.getloadavg()[0]
    print(f"other processes running: {load:.1f} on {os.cpu_count()} cores")
    met = (
        goal("largest by smallest", passes[-1] / passes[0], GROWTH),
        goal("largest by the article's", share, DOWNTIME),
    )
    return 0 if all(met) else 1


def measure(top: Path, gib: int) -> tuple[float, float]:
    """Return the seconds of the last pass, and of the article's copy."""
    guest = TrackedGuest(top, patience=PATIENCE)
    disk = guest.folder / "disk"
    options = ("-f", "qcow2", "-o", "preallocation=metadata")
    tool("img", "create", "-q", *options, str(disk), f"{gib}G")
    try:
        guest.start()
        guest.write(64 * MIB, 64 * MIB)
        guest.track()
        began = time.monotonic()
        guest.warm()
        told(f"{gib} GiB: warm copy, running", time.monotonic() - began)
        for at, size in WRITTEN:
            guest.write(at, size)
        guest.io("flush")
    finally:
        guest.stop()
    began = time.monotonic()
    ways = guest.last()
    last = time.monotonic() - began
    told(f"{gib} GiB: last pass, {ways[0][0]}", last)
    guest.expect_same()
    began = time.monotonic()
    done = guest.prove()
    told(f"{gib} GiB: proof, running again", time.monotonic() - began)
    if done.returncode:
        raise SystemExit(f"the copy is not the same: {done.stderr}")
    shutil.rmtree(guest.there)  # the room is needed
    there = top / "article"
    there.mkdir()
    began = time.monotonic()
    done = guest.sh(f"rsync -r --progress {guest.folder} -e ssh host:{there}/", top)
    if done.returncode:
        raise SystemExit(f"rsync failed: {done.stderr}")
    article = time.monotonic() - began
    told(f"{gib} GiB: article, stopped", article)
    return last, article


def told(what: str, seconds: float) -> None:
    """Print what something took."""
    print(f"{what:36} {seconds:8.2f} s", flush=True)


def goal(what: str, share: float, most: float) -> bool:
    """Print a ratio, and tell whether it is small enough."""
    verdict = "holds" if share <= most else "MISSED"
    print(f"{what:36} {share:8.3f}   at most {most:.3f}   {verdict}", flush=True)
    return share <= most


if __name__ == "__main__":
    sys.exit(main())

"""``python -m supply.lock`` writes requirements-lock.txt, with hashes for each system.

pip is asked what it would install of each pin with each Python of the README, on amd64,
and says the SHA-256 of that file; nothing is installed. The pins are those of the lock
as it is, or of another list: ``pip freeze`` of a fresh .venv.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements-lock.txt"
HEADER = (
    "# All that .venv holds, pinned: what requirements*.txt ask for and what that\n"
    "# brings, with the hashes for each system of the README: `make lock`.\n"
)
# The Pythons, and the newest glibc (2.x) of the system that has each: Debian 12, Ubuntu
# 24.04, Debian 13, Debian testing.
PYTHONS = {"3.11": 36, "3.12": 39, "3.13": 41, "3.14": 41}


def pins(text: str) -> list[str]:
    """Return the pins of a list, without hashes: ``name==version; marker``."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        pin = re.sub(r"\s+--hash=\S+", "", line).strip()
        if pin and not pin.startswith(("#", "-")):
            found.append(pin)
    return found


def name_of(pin: str) -> str:
    """Return the package's name as the index spells it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[=\[;\s]", pin)[0]).lower()


def platforms(glibc: int) -> list[str]:
    """Return pip's words for what runs on amd64 with that glibc (2.x)."""
    # the newest first, as pip on that system prefers them
    names = [f"manylinux_2_{minor}_x86_64" for minor in range(glibc, 4, -1)]
    names += [f"manylinux{year}_x86_64" for year in (1, 2010, 2014)]
    return [w for name in (*names, "linux_x86_64") for w in ("--platform", name)]


def hashes_in(report: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the SHA-256 of each package's file that pip's report names."""
    return {
        name_of(str(each["metadata"]["name"])): {
            str(each["download_info"]["archive_info"]["hashes"]["sha256"])
        }
        for each in report["install"]
    }


def resolved(wanted: Iterable[str], python: str, glibc: int) -> dict[str, set[str]]:
    """Ask pip what it would install of these pins there. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="novaweb-lock-") as folder:
        plain = Path(folder, "pins.txt")
        # pip takes markers for those of the Python that it runs in
        names = [pin.split(";")[0].strip() for pin in wanted]
        plain.write_text("\n".join(names) + "\n", encoding="ascii")
        report = Path(folder, "report.json")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet"]
        command += ["--ignore-installed", "--no-deps", "--no-cache-dir"]
        command += ["--disable-pip-version-check", "--only-binary", ":all:"]
        command += ["--python-version", python, *platforms(glibc)]
        command += ["--target", str(Path(folder, "none")), "--report", str(report)]
        subprocess.run([*command, "-r", str(plain)], check=True)
        return hashes_in(json.loads(report.read_text(encoding="utf-8")))


def text_of(wanted: Iterable[str], found: Iterable[Mapping[str, set[str]]]) -> str:
    """Return the list with all hashes found. Raises ValueError for a bare pin."""
    hashes: dict[str, set[str]] = {}
    for each in found:
        for name, values in each.items():
            hashes.setdefault(name, set()).update(values)
    lines = []
    for pin in sorted(wanted, key=str.lower):
        known = sorted(hashes.get(name_of(pin), ()))
        if not known:
            raise ValueError(f"pip would install no {pin}")
        lines.append(" \\\n".join([pin, *(f"    --hash=sha256:{v}" for v in known)]))
    return HEADER + "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the lock; ``arguments`` may name the list with the pins."""
    source = Path(arguments[0]) if arguments else LOCK
    wanted = pins(source.read_text(encoding="ascii"))
    found = [resolved(wanted, python, glibc) for python, glibc in PYTHONS.items()]
    LOCK.write_text(text_of(wanted, found), encoding="ascii")
    print(f"{LOCK.name}: {len(wanted)} pins, for Python {', '.join(PYTHONS)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 300  # lines: longer, and a file is about more than one thing
# Handed to auditors as one file that needs nothing of ours, so it cannot be cut in two.
ALONE = ROOT / "verifier" / "verify_audit.py"
NO_NAMES = {"utils", "helpers", "services", "managers"}
# The lab is about OpenStack's services: there the word is a thing, not an excuse.
ALLOWED = {ROOT / "lab" / "services.py", ROOT / "lab" / "api" / "services.py"}


def tracked(suffix: str) -> Iterator[Path]:
    """The project's own files of that kind: known to git, or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard", f"*{suffix}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("the files are not in a git repository: git lists them")
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.exists() and "vendor" not in path.parts:
            yield path


def test_it_has_no_file_of_more_than_about_300_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {count}"
        for suffix in (".py", ".html", ".css", ".js", ".sh")
        for path in tracked(suffix)
        if "migrations" not in path.parts
        and path != ALONE
        and (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
    ]
    assert long == []


def test_it_has_no_module_whose_name_says_nothing() -> None:
    assert [p for p in tracked(".py") if p.stem in NO_NAMES and p not in ALLOWED] == []


def test_it_vendors_exactly_the_files_whose_checksums_it_has() -> None:
    vendor = ROOT / "static" / "vendor"
    lines = (vendor / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    expected = {
        name.removeprefix("./"): digest
        for digest, _, name in (line.partition("  ") for line in lines)
    }
    found = {
        str(path.relative_to(vendor)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file() and path.name not in {"SHA256SUMS", "README.md"}
    }
    assert found == expected

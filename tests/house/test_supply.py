"""Every package is pinned with the hashes of its files, and its licence is known."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from supply import licences, lock, sbom

ROOT = Path(__file__).resolve().parents[2]


def test_every_pin_has_the_hashes_of_its_files() -> None:
    found = sbom.hashes()
    bare = [p for p in lock.pins(lock.LOCK.read_text()) if not found[lock.name_of(p)]]
    assert bare == []


def test_one_file_that_is_another_on_each_python_has_a_hash_for_each() -> None:
    """Compiled packages have one wheel for each version of Python."""
    found = sbom.hashes()
    assert len(found["psycopg-binary"]) == len(lock.PYTHONS)
    assert len(found["django"]) == 1


def test_pip_is_told_to_look_at_them() -> None:
    source = (ROOT / "prepare.py").read_text(encoding="utf-8")
    assert '"--require-hashes"' in source


def test_hashes_of_all_pythons_are_put_together() -> None:
    wanted = ["One==1", 'two==2; python_full_version < "3.11.3"', "a.b==3"]
    found = {"one": {"1"}, "a-b": {"3"}, "two": {"2"}}
    text = lock.text_of(wanted, [found, {"one": {"0"}}])
    assert text.split("`make lock`.\n", 1)[1] == (
        "a.b==3 \\\n    --hash=sha256:3\n"
        "One==1 \\\n    --hash=sha256:0 \\\n    --hash=sha256:1\n"
        'two==2; python_full_version < "3.11.3" \\\n    --hash=sha256:2\n'
    )
    assert lock.pins(text) == [wanted[2], wanted[0], wanted[1]]


def test_a_pin_that_pip_would_not_install_is_told() -> None:
    with pytest.raises(ValueError, match="no One==1"):
        lock.text_of(["One==1"], [{}])


def test_each_licence_is_one_that_somebody_has_looked_at() -> None:
    found = {name: licences.unknown(text) for name, _, text in licences.pinned()}
    assert {name: what for name, what in found.items() if what} == {}


def test_a_licence_that_nobody_knows_is_told() -> None:
    assert licences.unknown("MIT OR (Apache-2.0 AND BUSL-1.1)") == ["BUSL-1.1"]
    assert licences.unknown("") == [""]


def test_the_list_of_licences_is_of_these_pins() -> None:
    written = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) \| (\S+) \|", written, flags=re.MULTILINE)
    named = {lock.name_of(name): version for name, version in rows[1:]}
    for pin in lock.pins(lock.LOCK.read_text()):
        if ";" not in pin:
            name, version = pin.split("==")
            assert named.pop(lock.name_of(name)) == version, "make licences"
    assert len(named) <= 1


def test_the_bill_of_materials_has_all_of_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "supply.sbom"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    bill = json.loads(done.stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    parts = {each["name"]: each for each in bill["components"]}
    django = parts["Django"]
    version = distribution("django").version
    assert django["purl"] == f"pkg:pypi/django@{version}"
    assert django["hashes"][0]["alg"] == "SHA-256"
    assert django["licenses"][0]["license"]["id"] == "BSD-3-Clause"
    assert parts["tabler/tabler.min.css"]["version"] == "1.6.1"

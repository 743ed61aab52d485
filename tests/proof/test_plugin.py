"""Which tests a proof runs, and what it writes down of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.settings import PROJECT
from proof.plugin import Reports

pytestmark = pytest.mark.server
PLAIN = """
import pytest

@pytest.mark.proves("live")
def test_of_simulated_hosts(): pass

@pytest.mark.proves("cold", layout="local")
@pytest.mark.parametrize("ends", [True, False])
def test_of_disks(ends): assert ends, "it does not end"

def test_of_nothing(): assert False
"""
LAID_OUT = """
import pytest
LAYOUT = "shared,volumes"
pytestmark = pytest.mark.layout

def test_a_guest_is_moved_live(): pytest.skip("no room")
def test_a_guest(): assert False
"""
INI = "[pytest]\nmarkers =\n  layout: x\n  proves: x\n"


def proven(folder: Path, *words: str) -> dict[str, tuple[str, ...]]:
    """Run pytest on the tests above; return test -> procedure, layout, outcome, why."""
    (folder / "test_plain.py").write_text(PLAIN, encoding="utf-8")
    (folder / "test_laid_out.py").write_text(LAID_OUT, encoding="utf-8")
    (folder / "pytest.ini").write_text(INI, encoding="utf-8")
    file = folder / "reports.json"
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "proof.plugin"),
            *("-p", "no:django", "-p", "no:randomly", "-p", "no:cacheprovider"),
            *(f"--proof={file}", "--rootdir", str(folder), *words, str(folder)),
        ],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT),
            "PYTEST_DEBUG_TEMPROOT": str(folder),
        },
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return {
        it["test"].rpartition("::")[2]: tuple(
            it[key] for key in ("procedure", "layout", "outcome", "why")
        )
        for it in json.loads(file.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("processes", ["-n0", "-n1"])
def test_it_runs_what_proves_and_writes_down_how(
    tmp_path: Path, processes: str
) -> None:
    assert proven(tmp_path, processes) == {
        "test_of_simulated_hosts": ("live", "simulated", "passed", ""),
        "test_of_disks[True]": ("cold", "local", "passed", ""),
        "test_of_disks[False]": (
            *("cold", "local", "failed"),
            "AssertionError: it does not end",
        ),
        "test_a_guest_is_moved_live": ("live", "shared,volumes", "skipped", "no room"),
    }


def test_a_test_that_only_began_has_not_passed() -> None:
    began = pytest.TestReport(
        nodeid="a.py::test_it",
        location=("a.py", 1, "test_it"),
        keywords={},
        outcome="passed",
        longrepr=None,
        when="setup",
        user_properties=[("proves", '["live", "local"]')],
    )
    reports = Reports()
    reports.add(began)
    (it,) = reports.ended()
    assert (it["outcome"], it["why"]) == ("failed", "it did not end")


def test_it_runs_the_cells_that_were_asked_for(tmp_path: Path) -> None:
    asked = ("--procedure=live", "--layout=simulated", "--layout=local", "-n0")
    assert set(proven(tmp_path, *asked)) == {"test_of_simulated_hosts"}

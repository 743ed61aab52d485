"""Which process of a host is taken for nova-compute's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations_app.integrations.host_commands.namespaces import NOVA

ENDED = 4194305  # one more than Linux has numbers for
# a Python that has started another, and waits
STARTS = """import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
child.kill()
"""


@pytest.fixture
def two() -> Iterator[tuple[int, int]]:
    """A process, and one that it has started."""
    with subprocess.Popen(
        [sys.executable, "-c", STARTS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        yield parent.pid, int(parent.stdout.readline())
        parent.communicate("\n")


def found(tmp_path: Path, *like: int) -> str:
    """Return which it is of those whose words are like nova-compute's."""
    listed = " ".join(f"/proc/{pid}/cmdline" for pid in like)
    grep = tmp_path / "grep"
    grep.write_text(f"#!/bin/sh\nprintf '%s\\n' {listed}\n")
    grep.chmod(0o755)
    done = subprocess.run(
        ["sh", "-u", "-c", f'{NOVA}echo "$pid"'],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_it_is_not_one_that_it_has_just_started(
    tmp_path: Path, two: tuple[int, int]
) -> None:
    parent, child = two
    assert found(tmp_path, child, parent) == f"{parent}"


def test_it_is_not_one_that_has_ended_since(
    tmp_path: Path, two: tuple[int, int]
) -> None:
    assert found(tmp_path, ENDED, two[0]) == f"{two[0]}"


def test_without_any_there_is_none(tmp_path: Path) -> None:
    assert found(tmp_path, ENDED) == ""

"""The commands of a measurement, run by real shells on two pretended hosts."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import copy_speed
from migrations_app.integrations.host_commands.copy_speed import Measurement
from migrations_app.integrations.host_commands.detached_job import JobIs, JobState
from migrations_app.integrations.interfaces import Command

MEASURED = Measurement("alpha", "beta", "0123abcd", 2)
SSH = """#!/bin/sh
# stands in for ssh: the other host is this one, under another folder
while [ $# -gt 1 ]; do
  case "$1" in
    -o | -c | -l) shift 2 ;;
    -*) shift ;;
    *) break ;;
  esac
done
host=$1
shift
case "$host" in
  beta) exec sh -c "$*" ;;
esac
echo "ssh: connect to host $host port 22: No route to host" >&2
exit 255
"""


class Shell:
    """A host whose commands are run here; paths of hosts are below a folder."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "novaweb"
        programs = folder / "bin"
        programs.mkdir()
        ssh = programs / "ssh"
        ssh.write_text(SSH, encoding="ascii")
        ssh.chmod(0o755)
        path = f"{programs}:{os.environ['PATH']}"
        self.environment = {"PATH": path, "HOME": str(folder)}

    def run(self, command: Command) -> str:
        text = command.text.replace("/var/lib/novaweb", str(self.root))
        done = subprocess.run(
            ["sh", "-eu", "-s"],
            input=text,
            text=True,
            capture_output=True,
            env=self.environment,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def measure(self, measured: Measurement) -> JobState:
        self.run(measured.start)
        deadline = time.monotonic() + 60
        while True:
            state = copy_speed.stands(self.run(measured.look))
            if state.stands is not JobIs.RUNNING and state.stands is not JobIs.ABSENT:
                return state
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def left(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")}


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    yield made
    made.run(MEASURED.forget)


def test_it_measures_and_leaves_nothing_once_it_is_forgotten(shell: Shell) -> None:
    assert copy_speed.stands(shell.run(MEASURED.look)).stands is JobIs.ABSENT

    state = shell.measure(MEASURED)

    assert state.done, state
    assert copy_speed.mbit(MEASURED, state) > 0
    # the data went by themselves, on both hosts; only the words are left
    names = {path.rpartition("/")[2] for path in shell.left()}
    assert not names & {"data", "little", "speed-arrived"}

    shell.run(MEASURED.forget)
    assert shell.left() == set()


def test_it_says_why_it_came_to_nothing(shell: Shell) -> None:
    nowhere = replace(MEASURED, target="gamma")

    state = shell.measure(nowhere)

    words = copy_speed.why(nowhere, state)
    assert "No route to host" in words
    assert "alpha must be able to open SSH to gamma" in words


def test_it_removes_what_dead_ones_left_long_ago(shell: Shell) -> None:
    old, young = shell.root / "dead0001", shell.root / "busy0001"
    for folder in (old, young):
        (folder / "speed").mkdir(parents=True)
        (folder / "speed" / "data").write_bytes(b"x" * 1000)
        (folder / "speed-arrived").mkdir()
    kept = shell.root / "dead0002" / "last"
    kept.mkdir(parents=True)
    ago = time.time() - 60 * (copy_speed.LEFT_BEHIND_MINUTES + 5)
    for path in (*old.rglob("*"), old, kept, kept.parent):
        os.utime(path, (ago, ago))

    assert shell.measure(MEASURED).done

    assert not (old / "speed").exists()
    assert not (old / "speed-arrived").exists()
    assert (young / "speed" / "data").exists()
    assert kept.exists()


def test_forgetting_ends_one_that_runs(shell: Shell) -> None:
    hanging = replace(MEASURED, mebibytes=100_000)
    shell.run(hanging.start)
    deadline = time.monotonic() + 30
    while not (shell.root / hanging.token / "speed" / "data").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)

    shell.run(hanging.forget)

    assert shell.left() == set()


@pytest.mark.parametrize(
    ("little", "data", "mbit"),
    [
        # 128 MiB are 1073.7 million bits
        (100_000_000, 1_100_000_000, 1074),
        (0, 1_000_000_000, 1074),
        # a stutter of the little copy is not believed beyond half of the time
        (900_000_000, 1_000_000_000, 2147),
        (5_000_000_000, 1_000_000_000, 2147),
    ],
)
def test_what_connecting_takes_is_taken_off(little: int, data: int, mbit: int) -> None:
    measured = replace(MEASURED, mebibytes=128)
    said = (f"little {little}", f"data {data}")

    assert copy_speed.mbit(measured, JobState(JobIs.ENDED, 0, said)) == mbit


def test_what_makes_no_sense_is_not_guessed_at() -> None:
    with pytest.raises(Blocked, match="without saying how long"):
        copy_speed.mbit(MEASURED, JobState(JobIs.ENDED, 0, ("Welcome!",)))
    with pytest.raises(Blocked, match="invalid answer"):
        copy_speed.stands("Welcome to alpha!\nabsent\n")
    assert "cut off" in copy_speed.why(MEASURED, JobState(JobIs.CUT))

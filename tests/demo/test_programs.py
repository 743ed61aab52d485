from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.programs import Program, Programs
from demo.words import Stopped

SLEEP = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('deaf', flush=True); time.sleep(60)"
)


@pytest.fixture
def programs() -> Iterator[Programs]:
    running = Programs()
    yield running
    running.stop()


def program(folder: Path, code: str) -> Program:
    return Program(
        name="one",
        command=[sys.executable, "-c", code],
        environment=os.environ,
        folder=folder,
        log=folder / "one.log",
    )


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_starts_a_program_anew_that_was_killed(
    programs: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = program(tmp_path, SLEEP)
    programs.start(one)
    assert one.process is not None
    first = one.process.pid
    os.kill(first, signal.SIGKILL)
    until(one.ended)

    programs.look_after()

    assert not one.ended()
    assert one.process.pid != first
    assert "one ended (status -9), so it was started again." in capsys.readouterr().out


def test_it_gives_up_on_one_that_ends_as_soon_as_it_is_started(
    programs: Programs, tmp_path: Path
) -> None:
    one = program(tmp_path, "raise SystemExit('no such table')")
    programs.start(one)

    with pytest.raises(Stopped, match="no such table"):
        for _ in range(1000):
            programs.look_after()
            time.sleep(0.02)


def test_it_stops_what_it_started_also_what_does_not_want_to(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demo.programs.PATIENCE", 0.2)
    one = program(tmp_path, STUBBORN)
    programs.start(one)
    assert one.process is not None
    process = one.process
    until(lambda: "deaf" in one.last_words())

    programs.stop()

    assert process.returncode == -signal.SIGKILL
    assert programs.running == []


def test_it_asks_all_but_the_first_at_once(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demo.programs.PATIENCE", 30)
    for number in range(3):
        code = (
            "import pathlib, signal, time\n"
            "def asked(*_):\n"
            f"    pathlib.Path('asked-{number}').touch()\n"
            "    while not pathlib.Path('asked-1').exists():\n"
            "        time.sleep(0.02)\n"
            "    raise SystemExit(0)\n"
            "signal.signal(signal.SIGTERM, asked)\n"
            f"pathlib.Path('up-{number}').touch()\n"
            "while True: time.sleep(60)\n"
        )
        programs.start(program(tmp_path, code))
    until(lambda: len(list(tmp_path.glob("up-*"))) == 3)
    ends = [each.process for each in programs.running if each.process]

    # the last waits for the one before it, as one of two that are asked one by one
    programs.stop()

    assert [end.returncode for end in ends] == [0, 0, 0]

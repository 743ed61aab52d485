from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from lab import processes
from lab.settings import Settings

MakeLab = Callable[..., Settings]
SLEEP = ("sleep", "60")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('ready', flush=True); time.sleep(60)",
)
# dies, and leaves a process of another session behind
PARENT = ("sh", "-c", "setsid sleep 60 & exit 0")


def eventually(true: Callable[[], object]) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return False


def test_it_starts_a_service_once(make_lab: MakeLab) -> None:
    settings = make_lab()
    assert processes.start(settings, "one", SLEEP)
    first = processes.running(settings, "one")
    assert not processes.start(settings, "one", SLEEP)
    assert processes.running(settings, "one") == first


def test_it_ends_what_it_started(make_lab: MakeLab) -> None:
    settings = make_lab()
    processes.start(settings, "one", SLEEP)
    process = processes.running(settings, "one")
    assert process is not None
    processes.stop(settings, ["one"])
    assert not process.alive
    assert processes.started_names(settings) == []


def test_it_kills_what_does_not_end_when_asked(make_lab: MakeLab) -> None:
    settings = make_lab()
    processes.start(settings, "one", STUBBORN)
    process = processes.running(settings, "one")
    log = settings.run / "one.log"
    assert process is not None
    assert eventually(lambda: "ready" in log.read_text())
    processes.stop(settings, ["one"], patience=0.2)
    assert not process.alive


def test_it_ends_nothing_that_got_the_pid_later(make_lab: MakeLab) -> None:
    settings = make_lab()
    with subprocess.Popen(SLEEP) as foreign:
        (settings.run / "one.pid").write_text(f"{foreign.pid} 12345")
        processes.stop(settings, ["one"])
        assert foreign.poll() is None
        foreign.terminate()


def test_it_finds_by_its_mark_what_no_pid_file_knows(make_lab: MakeLab) -> None:
    settings = make_lab()
    processes.start(settings, "parent", PARENT)
    assert eventually(lambda: processes.running(settings, "parent") is None)
    assert eventually(lambda: processes.strays(settings))
    processes.sweep(settings)
    assert processes.strays(settings) == []


def test_it_leaves_another_labs_processes_alone(make_lab: MakeLab) -> None:
    one, two = make_lab(NAME="one"), make_lab(NAME="one1")
    processes.start(two, "its", SLEEP)
    processes.sweep(one)
    assert processes.running(two, "its") is not None


@pytest.mark.parametrize("text", ["", "word", "1", "x y"])
def test_it_takes_a_broken_pid_file_as_nothing(make_lab: MakeLab, text: str) -> None:
    settings = make_lab()
    (settings.run / "one.pid").write_text(text)
    assert processes.running(settings, "one") is None

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import place as demo_place
from demo.client import Api, Refused
from demo.people import PARTS
from demo.words import Stopped

pytestmark = pytest.mark.server

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0  # seconds: two moves of the pretend cloud, on a busy machine


class Demo:
    """``python -m demo --pretend`` as a person has it in a terminal."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        self.output = folder.with_suffix(".output")
        own = ("NOVAWEB_", "DJANGO_", "PYTEST_")
        with self.output.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "demo", "--pretend", "--folder", folder, *words],
                cwd=ROOT,
                env={k: v for k, v in os.environ.items() if not k.startswith(own)},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
                # as a shell starts what it runs in the background
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
            )

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def until_it_says(self, pattern: str) -> re.Match[str]:
        deadline = time.monotonic() + PATIENCE
        while not (match := re.search(pattern, self.said())):
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)
        return match

    def left_running(self) -> list[str]:
        """Processes whose environment says that they are of this installation."""
        mark = f"NOVAWEB_STATE_DIR={self.folder}".encode()
        left = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    left.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue  # it ended while we looked, or is not ours to look at
        return left


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "demo"


@pytest.fixture
def demos() -> Iterator[list[Demo]]:
    started: list[Demo] = []
    yield started
    for demo in started:
        demo.process.terminate()
        demo.process.wait()


def test_it_does_the_main_job_and_leaves_nothing_running(
    folder: Path, demos: list[Demo]
) -> None:
    demo = Demo(folder, "--once")
    demos.append(demo)

    assert demo.process.wait(PATIENCE) == 0, demo.said()

    assert len(re.findall(r"ACTIVE: verified\.$", demo.said(), re.M)) == 2
    assert "held: only a person may decide" in demo.said()
    assert "not to be had" not in demo.said()
    assert demo.left_running() == []


def test_it_gives_everybody_an_account_and_ends_at_ctrl_c(
    folder: Path, demos: list[Demo]
) -> None:
    demo = Demo(folder)
    demos.append(demo)

    address = demo.until_it_says(r"novaweb is at (http://\S+)")[1]
    demo.until_it_says("Ctrl-C stops all of it")
    for name, part in PARTS.items():
        said = rf"^ +{name} +password \S{{12,}} +{re.escape(part.may)}$"
        assert re.search(said, demo.said(), re.M)
    assert sum(part.role == "approver" for part in PARTS.values()) == 2
    with pytest.raises(Refused) as refusal:
        Api(address, token="guessed").get("/api/requests/")
    assert refusal.value.status == 401
    assert len(demo.left_running()) >= 3  # Valkey, worker, web

    demo.process.send_signal(signal.SIGINT)

    assert demo.process.wait(60) == 0, demo.said()
    assert demo.left_running() == []
    assert "Traceback" not in demo.said()


def test_it_refuses_to_start_twice_in_one_folder(
    folder: Path, demos: list[Demo]
) -> None:
    with demo_place.alone(folder):
        demo = Demo(folder)
        demos.append(demo)

        assert demo.process.wait(60) == 1

    assert "Another `make demo` or `make dev` runs in" in demo.said()
    assert "Traceback" not in demo.said()


def test_it_says_whose_port_it_cannot_have_before_anything_is_started(
    folder: Path, demos: list[Demo]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        demo = Demo(folder, "--port", str(port))
        demos.append(demo)

        assert demo.process.wait(60) == 1

    said = demo.said()
    assert f"Port {port} of 127.0.0.1 cannot be used (Address already in use)" in said
    assert "Traceback" not in said
    assert not (folder / "novaweb.sqlite3").exists()


@pytest.mark.parametrize("words", [[], ["--fresh"]], ids=["as usual", "fresh"])
def test_it_leaves_a_folder_alone_that_is_no_demos(
    folder: Path, demos: list[Demo], words: list[str]
) -> None:
    (folder / "theirs").mkdir(parents=True)
    (folder / "theirs/thesis").write_text("years of work")
    folder.chmod(0o755)
    demo = Demo(folder, "--once", *words)
    demos.append(demo)

    assert demo.process.wait(60) == 1

    assert "holds files that are no demo's" in demo.said()
    assert "Traceback" not in demo.said()
    assert [path.name for path in folder.iterdir()] == ["theirs"]
    assert (folder / "theirs/thesis").read_text() == "years of work"
    assert folder.stat().st_mode & 0o777 == 0o755


def test_it_knows_what_is_no_port() -> None:
    with pytest.raises(Stopped, match="--port 70000 is no port"):
        demo_place.wished(70000)

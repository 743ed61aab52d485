from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from demo import place as demo_place
from demo import the_lab
from demo.the_lab import Lab
from demo.words import Stopped
from lab import machine
from lab.progress import CannotRunHere

# Writes down what it is asked for; `seed` takes until it is interrupted.
PRETEND_LAB = """
import json, signal, sys, time
verb = sys.argv[1]
def note(what):
    with open("asked", "a") as log:
        log.write(json.dumps([verb, what]) + chr(10))
def end(*_):
    note("interrupted")
    sys.exit(130)
signal.signal(signal.SIGINT, end)
note("begins")
if verb == "status":
    sys.exit(1)
while verb == "seed":
    time.sleep(0.05)
"""


@pytest.fixture
def lab_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A prefix of the test's own, and a project whose lab does nothing."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/__main__.py").write_text(PRETEND_LAB)
    monkeypatch.setattr(the_lab, "PROJECT", tmp_path)
    monkeypatch.setattr(machine, "check", lambda: None)
    monkeypatch.setenv("NOVAWEB_LAB_PREFIX", str(tmp_path / "prefix"))
    return tmp_path


def asked(folder: Path) -> list[list[str]]:
    log = folder / "asked"
    return [json.loads(x) for x in log.read_text().splitlines()] if log.exists() else []


def test_a_second_demo_does_not_take_the_lab_of_the_first(lab_folder: Path) -> None:
    first, second = Lab(), Lab()
    first.rise()
    with pytest.raises(Stopped, match=r"Another demo runs on the lab 'lab'.*lab2"):
        second.rise()
    second.stop()
    assert ["down", "begins"] not in asked(lab_folder)
    first.stop()
    third = Lab()
    third.rise()
    third.stop()


def test_a_demo_that_was_killed_holds_no_lab(lab_folder: Path) -> None:
    holds = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from demo.the_lab import Lab; lab = Lab(); lab._hold();"
            "print('held', flush=True); time.sleep(60)",
        ],
        cwd=Path(demo_place.__file__).parents[1],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
    )
    with holds:
        assert holds.stdout is not None
        assert holds.stdout.readline() == b"held\n"
        lab = Lab()
        with pytest.raises(Stopped):
            lab.rise()
        holds.kill()
    lab = Lab()
    lab.rise()
    lab.stop()


def test_the_lab_goes_down_only_after_what_makes_its_instances(
    lab_folder: Path,
) -> None:
    lab = Lab()
    lab.rise()
    trouble: list[Stopped] = []

    def wait() -> None:
        try:
            lab.wait()
            lab.seeded()
        except Stopped as stopped:
            trouble.append(stopped)

    waiting = threading.Thread(target=wait)
    waiting.start()
    deadline = time.monotonic() + 30
    while ["seed", "begins"] not in asked(lab_folder):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    lab.stop()
    waiting.join()
    assert asked(lab_folder)[-2:] == [["seed", "interrupted"], ["down", "begins"]]
    assert len(trouble) == 1


def test_where_no_lab_can_be_nothing_is_made(
    lab_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise CannotRunHere("The lab needs root.")

    monkeypatch.setattr(machine, "check", refuse)
    lab = Lab()
    with pytest.raises(Stopped, match=r"needs root\.\n.*try `make dev`"):
        lab.rise()
    lab.stop()
    assert asked(lab_folder) == []
    assert not (lab_folder / "prefix").exists()


def test_it_leads_novaweb_into_hosts_that_are_real(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NOVAWEB_LAB_LIBVIRT", "1")
    monkeypatch.setenv("NOVAWEB_LAB_PREFIX", "/p")
    monkeypatch.setenv("NOVAWEB_LAB_NAME", "n")
    found = Lab().environment()
    assert found["NOVAWEB_SSH"] == "lab=/p/n/ssh/config"
    assert found["NOVAWEB_NOVA_DB"] == "lab=/p/n/nova-db.cnf"


def test_fake_hosts_cannot_be_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOVAWEB_LAB_LIBVIRT", "0")
    assert set(Lab().environment()) == {
        "NOVAWEB_CLOUDS",
        "OS_CLIENT_CONFIG_FILE",
        "OS_CLIENT_SECURE_FILE",
    }


def test_every_program_of_the_demo_is_led_there(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    place = demo_place.make(
        tmp_path_factory.mktemp("demo"),
        pretend=False,
        cloud={"NOVAWEB_SSH": "lab=/p"},
        port=0,
    )
    assert place.environment()["NOVAWEB_SSH"] == "lab=/p"


def test_no_program_of_the_demo_looks_into_the_user_s_home(tmp_path: Path) -> None:
    place = demo_place.make(tmp_path, pretend=True, cloud={}, port=0)
    text = (
        "import os, requests.utils, stevedore._cache as cache; "
        "print(cache._get_cache_dir()); print(os.environ['NETRC'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", text],
        env=place.environment() | {"HOME": "/nobody-s"},
        capture_output=True,
        text=True,
        check=True,
    )
    folders = done.stdout.split()
    assert len(folders) == 2
    assert all(folder.startswith(str(tmp_path)) for folder in folders)


def test_the_demo_imports_nothing_that_looks_into_the_user_s_home_too_early() -> None:
    text = "import demo.__main__, sys; print('stevedore' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=Path(demo_place.__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"

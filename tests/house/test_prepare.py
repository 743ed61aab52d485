from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import prepare
from lab import install, machine
from lab.space import Need


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A .venv of this very Python, as the stamp says of one that is ready."""
    folder = tmp_path / ".venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(prepare, "STAMP", folder / "novaweb-stamp")
    monkeypatch.setattr(prepare, "PYTHON", Path(sys.executable))
    prepare.STAMP.write_text(prepare.wanted(), encoding="utf-8")
    yield folder


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which we are not root and have no other Python."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def test_it_does_nothing_when_all_is_there(venv: Path) -> None:
    assert prepare.venv_is_ready()


def test_it_installs_again_when_the_lock_changed(
    venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "lock"
    lock.write_text("Django==1.0\n", encoding="ascii")
    monkeypatch.setattr(prepare, "LOCK", lock)
    assert not prepare.venv_is_ready()


def test_it_installs_again_when_the_clone_was_moved(
    venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "ROOT", Path("/elsewhere"))
    assert not prepare.venv_is_ready()


def test_it_installs_again_when_its_python_is_gone(
    venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "PYTHON", venv / "bin" / "gone")
    assert not prepare.venv_is_ready()


def test_it_says_which_python_it_needs(
    nowhere: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 12))
    assert prepare.main([]) == 1
    said = capsys.readouterr().err
    assert "needs Python 3.11 or newer" in said
    assert "is 3.10" in said


def test_it_says_which_servers_the_tests_would_start(
    nowhere: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    monkeypatch.setattr(prepare, "GALERA", Path("/nowhere"))
    prepare.look_for_servers()
    said = capsys.readouterr().out
    assert (
        "There is no sshd and no mariadbd and no postgres and no redis-server" in said
    )
    assert (
        "apt-get install openssh-server mariadb-server postgresql redis-server" in said
    )
    assert said.endswith(" galera-4\n")


def test_it_says_which_package_is_missing_when_it_may_not_install_it(
    nowhere: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not prepare.venv_can_be_made()
    major, minor = sys.version_info[:2]
    wanted = f"apt-get install python{major}.{minor}-venv"
    assert wanted in capsys.readouterr().err


def test_the_demo_says_that_it_needs_root_before_anything_is_made(
    nowhere: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(prepare, "make_venv", lambda: pytest.fail("it was made"))
    monkeypatch.setattr(prepare, "venv_is_ready", lambda: False)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: f"/usr/bin/{name}")
    assert prepare.main(["--demo"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("The lab needs root")
    assert "try `make dev`" in said


def test_the_demo_counts_all_the_room_that_it_will_need(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = shutil.disk_usage("/")._replace(free=prepare.VENV_MEGABYTES * 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(machine, "check", lambda: None)
    monkeypatch.setattr(prepare, "venv_is_ready", lambda: False)
    same = Need(what="OpenStack", folder=prepare.ROOT, megabytes=1)
    monkeypatch.setattr(install, "needs", lambda settings: [same])
    assert prepare.main(["--demo"]) == 1
    assert "(OpenStack 1 MB, .venv" in capsys.readouterr().err


def test_it_looks_for_room_before_it_makes_the_venv(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = shutil.disk_usage("/")._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(prepare, "follow", lambda *_: pytest.fail("pip was run"))
    assert not prepare.make_venv()
    assert "There is too little room on the disk of" in capsys.readouterr().err


def test_a_disk_that_fills_up_is_not_taken_for_an_index_out_of_reach(
    venv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["ERROR: Could not install packages: No space left on device"]
    monkeypatch.setattr(prepare, "follow", lambda *_: (lines, 1))
    monkeypatch.setattr(prepare, "venv_works", lambda module: True)
    assert not prepare.make_venv()
    said = capsys.readouterr().err
    assert "make room on the disk" in said
    assert "index" not in said


def test_every_package_is_installed_in_the_one_way_that_starts_nothing() -> None:
    """apt-get is called from one place, and pip keeps nothing outside."""
    for path in [*prepare.ROOT.glob("*.py"), *prepare.ROOT.glob("lab/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        if path != prepare.ROOT / "lab/apt.py":
            assert '"apt-get",' not in text, path
        assert text.count('"pip", "install"') == text.count('"--no-cache-dir"'), path

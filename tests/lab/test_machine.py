from __future__ import annotations

import errno
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import __main__ as command
from lab import apt, at_boot, install, machine, space
from lab.progress import LabError
from lab.settings import Settings


def test_without_root_it_says_so_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert command.main(["up"]) == 3
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("The lab needs root")
    assert "`make dev` and the tests that need no lab still work" in said


def test_on_another_distribution_it_says_so_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert command.main(["up"]) == 3
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("The lab needs Debian 12 or Ubuntu 24.04 or newer")


def test_it_says_which_setting_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NOVAWEB_LAB_FAKE_HOSTS", "many")
    assert command.main(["status"]) == 2
    assert "NOVAWEB_LAB_FAKE_HOSTS is 'many'" in capsys.readouterr().err


def test_it_says_whose_port_is_taken(make_lab: Callable[..., Settings]) -> None:
    settings = make_lab(NAME="ports", ADDRESS="127.77.0.1", PORT_OFFSET="17")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((settings.address, settings.port("glance")))
        other.listen()
        with pytest.raises(LabError, match=r"Port 9309 of 127\.77\.0\.1 is taken"):
            machine.check_ports(settings)
    machine.check_ports(settings)


@pytest.mark.parametrize("name", ["python3.10", "python3.8"])
def test_on_an_older_release_it_says_which_is_new_enough(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / name).touch()
    (tmp_path / "python3").symlink_to(name)
    monkeypatch.setattr(machine, "PYTHON", str(tmp_path / "python3"))
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert command.main(["up"]) == 3
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(
        "The lab needs Debian 12 or Ubuntu 24.04 or newer, whose own"
    )
    assert said.count(name.removeprefix("python")) == 1


def test_it_takes_any_newer_python_for_good_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python3.14").touch()
    (tmp_path / "python3").symlink_to("python3.14")
    monkeypatch.setattr(machine, "PYTHON", str(tmp_path / "python3"))
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine.check()


def test_it_says_how_much_room_is_needed_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=700 * 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    one = space.Need(what="packages", folder=tmp_path, megabytes=400)
    other = space.Need(what="OpenStack", folder=tmp_path / "a/b", megabytes=500)
    space.require([one])
    with pytest.raises(LabError) as refused:
        space.require([one, other])
    assert str(refused.value) == (
        f"There is too little room on the disk of {tmp_path}: 700 MB are free, and "
        "900 MB are needed (packages 400 MB, OpenStack 500 MB). Make room, then say "
        "this again."
    )


def test_it_looks_for_room_before_it_installs(
    make_lab: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_lab()
    usage = shutil.disk_usage("/")._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(apt, "missing", list)
    with pytest.raises(LabError, match=r"packages \d+ MB|OpenStack \d+ MB"):
        install.ensure(settings)
    assert not settings.venv.exists()


def test_a_disk_that_fills_up_meanwhile_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/opt/x")

    monkeypatch.setattr(machine, "check", fail)
    assert command.main(["up"]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("The disk is full: ")
    assert "/opt/x" in said


def test_it_puts_back_what_decided_before_what_a_package_may_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(apt, "POLICY", policy)
    monkeypatch.setattr(apt, "ASIDE", tmp_path / "aside")
    monkeypatch.setattr(apt, "NO_CLUSTER", tmp_path / "p/d/lab.conf")
    monkeypatch.setattr(at_boot, "ETC", tmp_path)
    policy.write_text("the administrator's own")
    with apt.nothing_starts():
        assert "exit 101" in policy.read_text()
        # an install that was killed, and a second one
        with apt.nothing_starts():
            pass
    assert policy.read_text() == "the administrator's own"
    policy.unlink()
    with apt.nothing_starts():
        assert policy.stat().st_mode & 0o111
    assert list(tmp_path.iterdir()) == []

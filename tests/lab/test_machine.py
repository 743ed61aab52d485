from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import __main__ as command
from lab import apt, machine
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
    assert said.startswith("The lab needs Debian 12 or Ubuntu 22.04 or newer")


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


def test_it_puts_back_what_decided_before_what_a_package_may_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(apt, "POLICY", policy)
    monkeypatch.setattr(apt, "ASIDE", tmp_path / "aside")
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

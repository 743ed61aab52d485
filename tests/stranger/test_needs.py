"""Where no bare machine can be made, that is said, and is no failure of the project."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from lab import apt
from lab.progress import CannotRunHere, LabError
from stranger import __main__ as command
from stranger import needs
from stranger.releases import RELEASES
from stranger.table import FAILED, OK, Cell


@pytest.fixture(autouse=True)
def root_without_mmdebstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"apt-get", *needs.PROGRAMS} - {"mmdebstrap"}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: name if name in found else None)
    monkeypatch.setattr(needs, "DISTRO_INFO", tmp_path)


def test_an_archive_that_does_not_answer_is_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(packages: list[str], *, log: Path) -> None:
        raise LabError("apt-get update … ended with 100: Could not resolve it")

    monkeypatch.setattr(apt, "install", fail)
    with pytest.raises(CannotRunHere, match=r"needs mmdebstrap, which .* resolve it"):
        needs.check(tmp_path / "cache", [])


def test_a_folder_that_cannot_be_written_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotRunHere, match="choose another --cache"):
        needs.check(tmp_path / "file/cache", [])


@pytest.mark.parametrize("verdict, status", [(OK, 3), (FAILED, 1)])
def test_what_failed_before_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdict: str, status: int
) -> None:
    def tried(release: object, words: object, asked: object) -> list[Cell]:
        if release is RELEASES["debian-13"]:
            raise CannotRunHere("no network")
        return [Cell(release="debian-12", command="check", verdict=verdict)]

    words = ["debian-12", "debian-13", "check", "--cache", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["stranger", *words])
    monkeypatch.setattr(needs, "check", lambda *_: None)
    monkeypatch.setattr(command, "tried", tried)
    monkeypatch.setattr(command, "committed", lambda: "abc")
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert command.main() == status

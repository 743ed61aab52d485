"""Making a bare system, with an mmdebstrap that is a stand-in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lab.progress import LabError
from stranger import bare
from stranger.releases import RELEASES

RELEASE = RELEASES["debian-12"]
NOT_THERE = "echo 'E: Failed to fetch some list'; exit 100"
BROKEN = "echo 'E: dpkg was killed'; exit 25"


class StandIn:
    """An mmdebstrap that makes a folder, or does what it is told instead."""

    def __init__(self, folder: Path) -> None:
        self.calls = folder / "calls"
        self.program = folder / "mmdebstrap"
        self.calls.touch()
        self.does("true")

    def does(self, line: str) -> None:
        self.program.write_text(
            "#!/bin/bash\n"
            # the folder is the word after that of the suite
            'while [ "$1" != bookworm ]; do shift; done\n'
            f'mkdir -p "$2/etc"; touch "$2/etc/os-release"; echo x >> {self.calls}\n'
            f"{line}\n"
        )
        self.program.chmod(0o755)

    def times(self) -> int:
        return len(self.calls.read_text().splitlines())


@pytest.fixture
def mmdebstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    asked = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "true"]
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("no namespaces can be made here")
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return StandIn(folder)


def names(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "bare").iterdir() if path.is_dir())


def test_it_makes_one_system_for_a_week(
    mmdebstrap: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bare.make(RELEASE, tmp_path)
    assert (folder / "etc/os-release").exists()
    assert bare.make(RELEASE, tmp_path) == folder
    assert mmdebstrap.times() == 1
    monkeypatch.setattr(bare, "WEEK", -1.0)
    bare.make(RELEASE, tmp_path)
    assert mmdebstrap.times() == 2


def test_it_makes_none_anew_that_a_machine_stands_on(
    mmdebstrap: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bare.make(RELEASE, tmp_path)
    monkeypatch.setattr(bare, "WEEK", -1.0)
    with bare.used(folder), bare.used(folder):
        assert bare.make(RELEASE, tmp_path) == folder
        assert mmdebstrap.times() == 1
    bare.make(RELEASE, tmp_path)
    assert mmdebstrap.times() == 2


def test_it_takes_last_weeks_while_the_archive_is_away(
    mmdebstrap: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = bare.make(RELEASE, tmp_path)
    (folder / "of-last-week").touch()
    monkeypatch.setattr(bare, "WEEK", -1.0)
    mmdebstrap.does(NOT_THERE)
    assert (bare.make(RELEASE, tmp_path) / "of-last-week").exists()
    assert "is not renewed" in capsys.readouterr().out
    assert names(tmp_path) == ["debian-12"]


@pytest.mark.parametrize(("line", "fault"), [(NOT_THERE, False), (BROKEN, True)])
def test_it_tells_an_archive_that_is_away_from_a_system_that_does_not_work(
    mmdebstrap: StandIn, tmp_path: Path, line: str, fault: bool
) -> None:
    mmdebstrap.does(line)
    with pytest.raises(LabError, match="mmdebstrap ended with") as caught:
        bare.make(RELEASE, tmp_path)
    assert isinstance(caught.value, bare.NoArchive) is not fault
    assert names(tmp_path) == []

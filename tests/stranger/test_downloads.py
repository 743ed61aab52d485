"""What machines keep for each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from stranger import downloads, machine


def test_it_gives_two_machines_at_once_no_folder_in_common(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with downloads.of(tmp_path, "debian-12") as first:
        with downloads.of(tmp_path, "debian-12") as second:
            assert [bind.target for bind in first] == [downloads.ARCHIVES]
            assert second == []
            assert "fetches its own" in capsys.readouterr().out
        with downloads.of(tmp_path, "debian-13") as third:
            assert third[0].source != first[0].source
    with downloads.of(tmp_path, "debian-12") as again:
        assert again == first


def test_it_forgets_packages_that_are_outdated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with downloads.of(tmp_path, "debian-12") as first:
        (first[0].source / "one.deb").touch()
    with downloads.of(tmp_path, "debian-12") as second:
        assert (second[0].source / "one.deb").exists()
    monkeypatch.setattr(downloads, "OLD", -1.0)
    with downloads.of(tmp_path, "debian-12") as third:
        assert not (third[0].source / "one.deb").exists()


def test_it_never_removes_the_folder_of_a_machine_that_has_an_owner(
    tmp_path: Path,
) -> None:
    with machine.folder(tmp_path, "one") as here:
        with machine.folder(tmp_path, "two"):
            assert here.exists()
        machine.sweep(tmp_path / "machines")
        assert here.exists()
    assert list((tmp_path / "machines").iterdir()) == []

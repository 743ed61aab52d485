"""The releases that a lab can be of: complete lists, and one lab is of one release."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import apt, install, lifecycle, machine, processes, services, space, venv
from lab.progress import CannotRunHere, LabError
from lab.release import NEWEST, PINS, RELEASES, Release
from lab.remembered import remember
from lab.settings import Settings

MakeLab = Callable[..., Settings]
EVERY = pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)


def pinned(release: Release) -> dict[str, str]:
    """Name -> version, of everything that is installed for a release."""
    lines = release.pins.read_text(encoding="ascii").splitlines()
    words = [line.partition(";")[0].split("==") for line in lines if line[0] != "#"]
    return {name.lower(): version.strip() for name, version in words}


@EVERY
def test_it_has_a_list_of_exact_versions(release: Release) -> None:
    lines = release.pins.read_text(encoding="ascii").splitlines()
    loose = [
        line
        for line in lines
        if not re.fullmatch(r"#.*|[\w.-]+==\d[\w.]*(; python_version .*)?", line)
    ]
    assert loose == []
    assert pinned(release)["nova"].split(".")[0] == release.nova


def test_no_list_is_there_that_no_release_has() -> None:
    assert {path.stem for path in PINS.glob("*.txt")} == set(RELEASES)


def test_every_list_has_what_our_own_processes_import() -> None:
    ours = {"waitress", "setproctitle", "openstacksdk", "python-memcached", "pymysql"}
    for release in RELEASES.values():
        assert ours <= set(pinned(release)), release.name


def test_the_newest_release_is_the_one_by_default(make_lab: MakeLab) -> None:
    assert make_lab().openstack is RELEASES[NEWEST]
    assert max(RELEASES, key=int) == NEWEST


@EVERY
def test_each_api_is_served_by_what_its_release_has(
    release: Release, make_lab: MakeLab
) -> None:
    settings = make_lab(RELEASE=release.nova)
    every = (services.identity(settings), *services.neighbours(settings))
    served = {s.name: str(s.argv[2]) for s in every if s.path}
    assert set(served) == {"keystone", "placement", "neutron", "glance", "cinder-api"}
    for name, application in served.items():
        assert application == release.application(name)
        assert re.fullmatch(r"[\w.]+:\w+(\(\))?", application)
        assert application.startswith(name.partition("-")[0])


def test_releases_that_know_eventlet_alone_get_it(make_lab: MakeLab) -> None:
    for release in RELEASES.values():
        settings = make_lab(RELEASE=release.nova)
        for service in services.fake_computes(settings):
            threads = "OS_NOVA_DISABLE_EVENTLET_PATCHING" in service.env
            assert threads is release.threads


def test_it_refuses_a_python_for_which_nothing_is_published(
    make_lab: MakeLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python3.13").touch()
    (tmp_path / "python3").symlink_to("python3.13")
    monkeypatch.setattr(machine, "PYTHON", str(tmp_path / "python3"))
    settings = make_lab(RELEASE="29")
    with pytest.raises(CannotRunHere, match=r"Nova 29 \(2024.1\) needs a Python up to"):
        install.ensure(settings)
    assert not settings.venv.exists()
    machine.check_python(make_lab(RELEASE="33"))


def test_it_refuses_to_bring_up_a_lab_of_another_release(make_lab: MakeLab) -> None:
    first = make_lab(NAME="old", RELEASE="33")
    first.state.mkdir(parents=True)
    (first.state / "databases-ready").touch()
    remember(first)
    lifecycle.refuse_another_release(first)
    with pytest.raises(LabError) as refused:
        lifecycle.refuse_another_release(make_lab(NAME="old", RELEASE="34"))
    assert str(refused.value) == (
        "Lab 'old' is one of Nova 33 (2026.1), not of Nova 34 (2026.2): set "
        f"NOVAWEB_LAB_NAME to another, or take it down and remove {first.root}."
    )


def test_software_is_made_anew_while_a_lab_of_another_release_runs(
    make_lab: MakeLab,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = make_lab(NAME="old", RELEASE="33")
    remember(running)
    processes.start(running, "sleeper", ["sleep", "60"])
    made: list[Settings] = []
    monkeypatch.setattr(apt, "missing", lambda packages: [])
    monkeypatch.setattr(space, "require", lambda needs: None)
    monkeypatch.setattr(venv, "install", lambda settings, log: made.append(settings))
    monkeypatch.setattr(venv, "place_own_modules", lambda settings: None)
    other = make_lab(NAME="new", RELEASE="34")
    install.ensure(other)
    assert made == [other]
    with pytest.raises(LabError, match="lab 'old' uses them"):
        install.ensure(make_lab(NAME="third", RELEASE="33"))

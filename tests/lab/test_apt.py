from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import apt, at_boot
from lab.progress import LabError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An /etc of the test's own, with a service that is started at boot."""
    folder = tmp_path / "etc"
    for name in ("systemd/system/multi-user.target.wants", "rc2.d", "rc0.d"):
        (folder / name).mkdir(parents=True)
    monkeypatch.setattr(at_boot, "ETC", folder)
    monkeypatch.setattr(apt, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(apt, "ASIDE", tmp_path / "aside")
    monkeypatch.setattr(apt, "NO_CLUSTER", folder / "postgresql-common/d/lab.conf")
    enable(folder, "theirs")
    return folder


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first folder of PATH: what is put there is called instead of the real one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def enable(etc: Path, name: str, *, number: int = 1) -> None:
    wants = etc / "systemd/system/multi-user.target.wants"
    (wants / f"{name}.service").symlink_to(f"/lib/systemd/system/{name}.service")
    (etc / f"rc2.d/S{number:02}{name}").symlink_to(f"../init.d/{name}")


def test_what_a_package_enables_is_not_started_at_boot(
    etc: Path, programs: Path
) -> None:
    # as Debian's own does
    program(programs / "update-rc.d", f'mv {etc}/rc2.d/S01"$1" {etc}/rc2.d/K01"$1"')
    program(programs / "dpkg-query", "exit 1")
    before = at_boot.enabled()
    with apt.nothing_starts():
        enable(etc, "a-daemon-that-nobody-listed")
        (etc / "systemd/system/an-alias.service").symlink_to("/lib/systemd/system/x")
    assert at_boot.enabled() == before
    assert (etc / "rc2.d/K01a-daemon-that-nobody-listed").is_symlink()


def test_what_was_started_at_boot_still_is(etc: Path, programs: Path) -> None:
    program(programs / "update-rc.d", "exit 1")
    masked = etc / "systemd/system/masked.service"
    with apt.nothing_starts():
        # another script's coming has changed its number
        (etc / "rc2.d/S01theirs").rename(etc / "rc2.d/S02theirs")
        masked.symlink_to("/dev/null")
    assert (etc / "rc2.d/S02theirs").is_symlink()
    assert (etc / "systemd/system/multi-user.target.wants/theirs.service").is_symlink()
    assert masked.is_symlink()


def test_systemd_that_a_package_brings_can_still_boot_the_machine(
    etc: Path, programs: Path
) -> None:
    program(
        programs / "dpkg-query", 'echo "systemd: /lib/systemd/system/getty@.service"'
    )
    getty = etc / "systemd/system/getty.target.wants/getty@tty1.service"
    with apt.nothing_starts():
        getty.parent.mkdir()
        getty.symlink_to("/lib/systemd/system/getty@.service")
    assert getty.is_symlink()


def test_an_install_that_was_killed_is_undone_later(
    etc: Path, programs: Path, tmp_path: Path
) -> None:
    program(programs / "update-rc.d", f'rm {etc}/rc2.d/S01"$1"')
    program(programs / "dpkg-query", "exit 1")
    before = at_boot.enabled()
    killed = apt.nothing_starts()
    killed.__enter__()
    enable(etc, "half-installed")
    apt.let_start_again()
    assert at_boot.enabled() == before
    assert not apt.NO_CLUSTER.exists()
    assert not apt.POLICY.exists()


def test_no_databases_of_postgresql_are_made(etc: Path) -> None:
    with apt.nothing_starts():
        assert "create_main_cluster = false" in apt.NO_CLUSTER.read_text()
    assert not (etc / "postgresql-common").exists()


def test_a_package_manager_that_somebody_interrupted_is_told_how_to_mend(
    etc: Path, programs: Path, tmp_path: Path
) -> None:
    said = (
        "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to "
        "correct the problem."
    )
    program(
        programs / "apt-get",
        f'case "$*" in *install*) echo "{said}"; exit 100;; esac',
    )
    with pytest.raises(LabError, match="run `dpkg --configure -a` as root, then say"):
        apt.install(["memcached"], log=tmp_path / "apt.log")


def test_a_full_disk_is_told_by_its_reason(
    etc: Path, programs: Path, tmp_path: Path
) -> None:
    said = "dpkg: error processing: cannot copy: write: No space left on device"
    program(programs / "apt-get", f'echo "{said}"; exit 100')
    with pytest.raises(LabError, match="The disk is full, said apt-get"):
        apt.install(["memcached"], log=tmp_path / "apt.log")


def test_ctrl_c_waits_until_the_packages_are_whole(
    programs: Path, tmp_path: Path
) -> None:
    done = tmp_path / "done"
    program(
        programs / "apt-get",
        f"touch {tmp_path}/begun; while [ ! -e {tmp_path}/go ]; do sleep 0.1; done; "
        f"touch {done}",
    )
    text = (
        "from lab.progress import run; run(['apt-get', 'install'], uninterrupted=True)"
    )
    installing = subprocess.Popen(
        [sys.executable, "-c", text],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(tmp_path / "begun")
    # as a terminal does it: to all of them
    os.killpg(installing.pid, signal.SIGINT)
    assert installing.stdout is not None
    assert "apt-get must not be interrupted" in installing.stdout.readline()
    os.killpg(installing.pid, signal.SIGINT)
    assert not done.exists()
    (tmp_path / "go").touch()
    error = installing.communicate(timeout=90)[1]
    assert done.exists()
    assert "KeyboardInterrupt" in error


def test_two_installs_follow_each_other(
    etc: Path, programs: Path, tmp_path: Path
) -> None:
    """As apt-get does it, which gives up where another reads its lists."""
    program(programs / "dpkg-query", "exit 1")
    lists = tmp_path / "lists"
    program(
        programs / "apt-get",
        f"mkdir {lists} || exit 100; sleep 0.2; grep -q exit {apt.POLICY} || exit 101"
        f"; rmdir {lists}",
    )
    with ThreadPoolExecutor(2) as pool:
        done = [
            pool.submit(apt.install, [name], log=tmp_path / f"{name}.log")
            for name in ("mariadb-server", "python3-venv")
        ]
    assert [each.exception() for each in done] == [None, None]
    assert not apt.POLICY.exists()


def test_another_command_s_install_is_waited_for(
    etc: Path, programs: Path, tmp_path: Path
) -> None:
    """As of another lab or clone, which knows of no lock in this process."""
    program(programs / "dpkg-query", "exit 1")
    program(programs / "apt-get", f"cat {tmp_path}/policy-rc.d >>{tmp_path}/seen")
    text = (
        "import sys; from pathlib import Path; from lab import apt;"
        f"apt.POLICY = Path('{apt.POLICY}');"
        "one = apt.one_at_a_time(); one.__enter__();"
        "print('begun', flush=True); sys.stdin.read()"
    )
    with (
        ThreadPoolExecutor(1) as pool,
        # at its end it is told to go on
        subprocess.Popen(
            [sys.executable, "-c", text],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other,
    ):
        assert other.stdout is not None
        assert other.stdout.readline() == "begun\n"
        mine = pool.submit(apt.install, ["memcached"], log=tmp_path / "apt.log")
        with pytest.raises(TimeoutError):
            mine.result(timeout=0.5)
        assert not apt.POLICY.exists()
        other.communicate(timeout=90)
        mine.result(timeout=90)
    assert "exit 101" in (tmp_path / "seen").read_text()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)

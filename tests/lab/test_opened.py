from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab import apt, opened, processes
from lab.opened import Judge, Reader
from lab.settings import PROJECT, Settings

JUDGE = Judge(homes=["/root"], own=["/root/novaweb", "/opt/novaweb-lab"])


def read(*lines: str) -> list[str]:
    reader = Reader(judge=JUDGE)
    reader.read('10 execve("/usr/bin/nova-compute", ["nova-compute"], 0x1 /* 2 */) = 0')
    for line in lines:
        reader.read(line)
    return opened.report(reader.outside())


@pytest.mark.parametrize(
    "path",
    [
        "/etc/keystone/fernet-keys/0",
        "/etc/nova/nova.conf.d",
        "/etc/nova.conf",
        "/etc/policy.yaml",
        "/etc/openstack/secure.yaml",
        "/etc/xdg/openstack/clouds.yaml",
        "/var/lib/nova/instances",
        "/root/.my.cnf",
        "/root/.config/openstack/clouds.yaml",
    ],
)
def test_a_file_of_others_is_told_with_its_program(path: str) -> None:
    there = f'10 openat(AT_FDCWD</>, "{path}", O_RDONLY|O_CLOEXEC) = 3<{path}>'
    absent = f'10 newfstatat(AT_FDCWD</>, "{path}", 0x7f, 0) = -1 ENOENT (No such file)'
    assert read(there) == [f"{path}: opened by nova-compute"]
    assert read(absent) == [f"{path}: looked for by nova-compute"]
    assert read(absent, there, absent) == read(there)


@pytest.mark.parametrize(
    "path",
    [
        "/root/novaweb/lab/apt.py",
        "/opt/novaweb-lab/lab/etc/nova/nova.conf",
        "/etc/novaweb/settings",
        "/etc/hosts",
        # on the way to what is ours
        "/root",
        "/root/../root/novaweb/x",
    ],
)
def test_what_is_ours_or_the_machine_s_may_be_read(path: str) -> None:
    assert read(f'10 openat(AT_FDCWD</>, "{path}", O_RDONLY) = 3') == []


def test_a_call_that_another_process_s_line_interrupts_is_put_together() -> None:
    found = read(
        '10 openat(AT_FDCWD</>, "/etc/nova/release", O_RDONLY <unfinished ...>',
        '11 openat(AT_FDCWD</>, "/etc/hosts", O_RDONLY) = 3',
        "10 <... openat resumed>) = 3",
    )
    assert found == ["/etc/nova/release: opened by nova-compute"]


def test_a_path_is_told_from_the_folder_that_it_is_in() -> None:
    found = read('10 openat(AT_FDCWD</etc/nova>, "policy.yaml", O_RDONLY) = 3')
    assert found == ["/etc/nova/policy.yaml: opened by nova-compute"]


def test_a_child_is_its_parent_s_program_until_it_becomes_another() -> None:
    look = 'newfstatat(AT_FDCWD</>, "/root/.netrc", 0x7f, 0) = -1 ENOENT (x)'
    found = read(
        "10 clone(child_stack=NULL, flags=SIGCHLD) = 12",
        f"12 {look}",
        '12 execve("/usr/bin/python3", ["python3", "-m", "pip"], 0x1 /* 2 */) = 0',
        f"12 {look}",
    )
    assert found == ["/root/.netrc: looked for by nova-compute"]


def test_what_packages_run_as_they_are_installed_is_the_machine_s_own() -> None:
    look = 'newfstatat(AT_FDCWD</>, "/root/.my.cnf", 0x7f, 0) = -1 ENOENT (x)'
    found = read(
        "10 clone(child_stack=NULL, flags=SIGCHLD) = 12",
        '12 execve("/usr/bin/dpkg", ["dpkg", "--configure"], 0x1 /* 2 */) = 0',
        "12 vfork() = 13",
        '13 execve("/usr/sbin/mariadbd", ["mariadbd"], 0x1 /* 2 */) = 0',
        f"13 {look}",
    )
    assert found == []
    assert read(f"10 {look}") == ["/root/.my.cnf: looked for by nova-compute"]


def test_a_program_in_a_home_may_read_what_is_installed_beside_it() -> None:
    begin = '12 execve("/root/.pyenv/bin/python", ["python"], 0x1 /* 2 */) = 0'
    beside = '12 openat(AT_FDCWD</>, "/root/.pyenv/lib/os.py", O_RDONLY) = 3'
    other = '12 openat(AT_FDCWD</>, "/root/.config/x", O_RDONLY) = 3'
    assert read(begin, beside) == []
    assert read(begin, other) == ["/root/.config/x: opened by python"]


def test_it_sees_all_that_a_command_starts(tmp_path: Path) -> None:
    if apt.missing(["strace"]):
        pytest.skip("strace is not installed: apt-get install strace")
    there = tmp_path / "home/.config/openstack/clouds.yaml"
    there.parent.mkdir(parents=True)
    there.touch()
    reader = Reader(judge=Judge(homes=[str(tmp_path / "home")], own=[]))
    status = opened.watch(
        ["sh", "-c", f"(setsid cat {there} & wait); exit 7"],
        reader,
    )
    assert status == 7
    assert opened.report(reader.outside()) == [f"{there}: opened by cat {there}"]


def test_an_interrupt_that_comes_while_it_is_started_reaches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, start = tmp_path / "begun", subprocess.Popen

    def interrupted(*words: Any, **options: Any) -> Any:
        script = f"trap 'exit 130' INT; touch {begun}; while :; do sleep 0.1; done"
        started = start(["sh", "-c", script], **options)
        until_there(begun)
        os.kill(os.getpid(), signal.SIGINT)
        return started

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    reader = Reader(judge=Judge(homes=[], own=[]))
    assert opened.watch(["true"], reader) == 130


def test_an_interrupt_lets_what_runs_under_it_tidy_up(tmp_path: Path) -> None:
    if apt.missing(["strace"]):
        pytest.skip("strace is not installed: apt-get install strace")
    begun, tidied = tmp_path / "begun", tmp_path / "tidied"
    script = tmp_path / "demo"
    # it starts programs for that, as the demo starts `lab down`
    script.write_text(
        f"trap 'sleep 0.2; cp {begun} {tidied}; exit 130' INT TERM\n"
        f"touch {begun}; while :; do sleep 0.1; done\n"
    )
    text = (
        "from lab.opened import Judge, Reader, watch; import sys;"
        f"sys.exit(watch(['sh', '{script}'], Reader(judge=Judge(homes=[], own=[]))))"
    )
    watching = subprocess.Popen([sys.executable, "-c", text], cwd=PROJECT)
    try:
        until_there(begun)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(60) == 130
    finally:
        watching.kill()
        watching.wait()
    assert tidied.exists()


def test_a_service_finds_its_files_in_the_lab_alone(
    make_lab: Callable[..., Settings], tmp_path: Path
) -> None:
    """As each Python of the lab's venv does it, with a stand-in for oslo.config."""
    package = tmp_path / "site/oslo_config"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "cfg.py").write_text(
        "def _get_config_dirs(project=None):\n    return ['/etc']\n"
        "def find(project):\n    return _get_config_dirs(project)\n"
    )
    settings = make_lab()
    text = "import own_etc; from oslo_config import cfg; print(*cfg.find('nova'))"

    def found(env: dict[str, str]) -> str:
        paths = [str(PROJECT / "lab/inside"), str(tmp_path / "site")]
        done = subprocess.run(
            [sys.executable, "-c", text],
            env=env | {"PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert found(processes.environment(settings)) == str(settings.etc / "nova")
    assert found({}) == "/etc"


def test_a_release_of_oslo_config_that_looks_otherwise_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cfg.py").write_text("def other():\n    pass\n")
    monkeypatch.setenv("NOVAWEB_LAB_ETC", "/lab/etc")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    own_etc = importlib.import_module("lab.inside.own_etc")
    loader = own_etc.Loader("oslo_config.cfg", str(tmp_path / "cfg.py"))
    spec = importlib.util.spec_from_loader("oslo_config.cfg", loader)
    assert spec is not None
    with pytest.raises(ImportError, match="no _get_config_dirs any more"):
        loader.exec_module(importlib.util.module_from_spec(spec))


def until_there(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)

"""A machine of this system's own programs: it ends with all that was in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from stranger import commands, leftovers, machine, state
from stranger.commands import CLONES, Command
from stranger.machine import Bind, Machine

pytestmark = pytest.mark.server

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds, on a busy machine
USR = Bind(source=Path("/usr"), target="usr")
# A machine that stays until it is told to end, as a person's `make stranger` does.
OWNER = """
import signal, sys, time
from contextlib import ExitStack
from pathlib import Path
from stranger import __main__ as command
from stranger import machine
from stranger.machine import Bind, Machine

for number in command.ENDING:
    signal.signal(number, command.interrupted)
with ExitStack() as stack:
    here = stack.enter_context(machine.folder(Path(sys.argv[1]), "tiny"))
    one = Machine(here=here, binds=[Bind(source=Path("/usr"), target="usr")])
    stack.callback(one.stop)
    one.start(Path(sys.argv[2]), network=False)
    one.call("bash", "-c", "setsid sleep 1000 &> /dev/null & echo > /root/file")
    print(one.init, flush=True)
    time.sleep(1000)
"""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The least root file system that runs what this machine has in /usr."""
    if os.geteuid() != 0:
        pytest.skip("a bare machine is root's")
    asked = ["unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "true"]
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("no namespaces can be made here")
    top = tmp_path / "bare"
    for name in ("dev", "etc", "proc", "root", "run", "srv/novaweb", "sys", "tmp"):
        (top / name).mkdir(parents=True)
    (top / "usr").mkdir()
    for name in ("bin", "sbin", "lib", "lib64"):
        (top / name).symlink_to(f"usr/{name}")
    (top / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    (top / "etc/group").write_text("root:x:0:\n")
    return top


@pytest.fixture
def one(bare: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine without a network."""
    with ExitStack() as stack:
        here = stack.enter_context(machine.folder(tmp_path / "cache", "tiny"))
        made = Machine(here=here, binds=[USR])
        stack.callback(made.stop)
        made.start(bare, network=False)
        yield made


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_has_namespaces_and_files_of_its_own(one: Machine, bare: Path) -> None:
    assert one.call("hostname").strip() == "bare"
    assert one.call("bash", "-c", "echo /proc/[0-9]*").split()[0] == "/proc/1"
    one.call("bash", "-c", "echo new > /etc/new; rm /etc/group")
    assert not (bare / "etc/new").exists()
    assert (bare / "etc/group").exists()


def test_a_command_has_its_environment_and_nobody_sees_a_password(one: Machine) -> None:
    one.environment["http_proxy"] = "http://me:secret@proxy"
    shown = one.call("env", CI="no")
    told = dict(line.partition("=")[::2] for line in shown.splitlines())
    assert told["http_proxy"] == "http://me:secret@proxy"
    assert (told["HOME"], told["USER"], told["CI"]) == ("/root", "root", "no")
    assert "PYTEST_CURRENT_TEST" not in told
    assert "secret" not in " ".join(one.words(["true"], user="root"))


def test_it_sees_what_a_command_leaves(one: Machine, bare: Path) -> None:
    before = state.of(one, bare)
    assert leftovers.found(before, state.of(one, bare)) == []
    one.call("bash", "-c", "setsid unshare --net sleep 1000 > /dev/null 2>&1 &")
    wait_until(lambda: "sleep 1000" in state.of(one, bare).processes)
    one.call("bash", "-c", "mount -t tmpfs none /srv; touch /root/left")
    one.call("bash", "-c", "echo 'you:x:7:7::/:/bin/sh' >> /etc/passwd; touch /run/x")
    wants = "/etc/systemd/system/multi-user.target.wants"
    one.call("bash", "-c", f"mkdir -p {wants}; ln -s /x {wants}/some.service")
    left = leftovers.found(before, state.of(one, bare))
    namespace = [line for line in left if line.startswith("namespaces: net:")]
    assert len(namespace) == 1
    assert [line for line in left if line not in namespace] == [
        "processes: sleep 1000",
        "mounts: /srv (tmpfs)",
        "users: you",
        f"services: {wants}/some.service",
        "files: /root/left",
        "files: /run/x",
    ]


def test_it_copies_the_bare_system_where_no_overlay_can_be_mounted(
    bare: Path, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        # an overlay's upper folder cannot be in an overlay
        stage = tmp_path / "stage"
        for name in ("upper", "work", "top"):
            (stage / name).mkdir(parents=True)
        layers = f"lowerdir={bare},upperdir={stage}/upper,workdir={stage}/work"
        words = ["mount", "-t", "overlay", "-o", layers, "stage", str(stage / "top")]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            pytest.skip("no overlay can be mounted here at all")
        away = ["umount", str(stage / "top")]
        stack.callback(lambda: subprocess.run(away, check=True))
        here = stack.enter_context(machine.folder(stage / "top/cache", "tiny"))
        made = Machine(here=here, binds=[USR])
        stack.callback(made.stop)
        made.start(bare, network=False)
        before = state.of(made, bare)
        made.call("touch", "/root/left")
        after = state.of(made, bare)
        assert made.written == here / "root"
        assert leftovers.found(before, after) == ["files: /root/left"]


@pytest.mark.parametrize(
    ("typed", "trouble"),
    [
        ("true", ""),
        ("false", "status 1"),
        ("sleep 1000", "took too long"),
        # its child holds the pipe open, and is to be found as left behind
        ("bash -c 'setsid sleep 1000 &'", ""),
    ],
)
def test_it_sees_how_a_command_ends(
    one: Machine, tmp_path: Path, typed: str, trouble: str
) -> None:
    limit = 1 if trouble == "took too long" else PATIENCE
    outcome = commands.run(
        one, Command(typed=typed), log=tmp_path / "log", show=False, limit=limit
    )
    assert outcome.trouble == trouble


def test_it_stops_what_runs_until_ctrl_c(one: Machine, tmp_path: Path) -> None:
    clone = one.root / CLONES["root"][1:]
    (clone / "site").write_text(
        "trap 'echo Nothing that was started here runs any more.; exit' INT\n"
        "echo novaweb is at http://127.0.0.1:9; sleep 1000 & wait\n"
    )
    site = Command(typed="bash site", until_stopped=True)
    outcome = commands.run(one, site, log=tmp_path / "log", show=False, limit=PATIENCE)
    # nobody listens there, and that is said, after it was stopped
    assert outcome.trouble.startswith("its page does not answer")
    assert "runs any more" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_leaves_nothing_when_its_owner_is_stopped_or_killed(
    bare: Path, tmp_path: Path, number: signal.Signals
) -> None:
    cache = tmp_path / "cache"
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(cache), str(bare)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        try:
            assert owner.stdout is not None
            init = int(owner.stdout.readline())
            space, inside = pid_namespace(Path(f"/proc/{init}")), of_the_machine(init)
            assert len(inside) >= 2
            owner.send_signal(number)
            owner.wait(PATIENCE)
        finally:
            owner.kill()
    wait_until(lambda: not any(pid_namespace(p) == space for p in inside))
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
    if number == signal.SIGKILL:
        machine.sweep(cache / "machines")
    assert list((cache / "machines").iterdir()) == []


def of_the_machine(init: int) -> list[Path]:
    """Every process in the pid namespace whose first one is ``init``."""
    space = os.readlink(f"/proc/{init}/ns/pid")
    return [p for p in Path("/proc").glob("[0-9]*") if pid_namespace(p) == space]


def pid_namespace(process: Path) -> str:
    try:
        return os.readlink(process / "ns/pid")
    except OSError:
        return ""


def test_it_never_removes_the_folder_of_a_machine_that_has_an_owner(
    tmp_path: Path,
) -> None:
    with machine.folder(tmp_path, "one") as here:
        with machine.folder(tmp_path, "two"):
            assert here.exists()
        machine.sweep(tmp_path / "machines")
        assert here.exists()
    assert list((tmp_path / "machines").iterdir()) == []

"""A host that lets few commands run at once, by a real sshd."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import paramiko
import pytest

from migrations_app.errors import Unreachable
from migrations_app.integrations.adapters.ssh import SshHosts
from migrations_app.integrations.interfaces import Command
from tests.integrations.adapters.sshd import Sshd


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[SshHosts]:
    """A host with one session for each connection."""
    sshd = Sshd(tmp_path)
    sshd.start("MaxSessions 1")
    hosts = SshHosts(sshd.config())
    yield hosts
    hosts.close()
    sshd.stop()


def test_commands_wait_for_their_turn(narrow: SshHosts) -> None:
    with ThreadPoolExecutor(4) as pool:
        said = list(
            pool.map(
                lambda n: narrow.run(
                    "compute-40", Command("look", f"echo {n}"), timeout=90
                ),
                range(8),
            )
        )
    assert said == [f"{n}\n" for n in range(8)]


def test_one_whose_refusal_another_took_waits_as_well(
    narrow: SshHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two that a host refuses at once, paramiko tells one alone why."""
    refused: list[object] = []
    get = paramiko.Transport.get_exception

    def taken(transport: paramiko.Transport) -> object:
        if isinstance(error := get(transport), paramiko.ChannelException):
            refused.append(error)
            return None
        return error

    monkeypatch.setattr(paramiko.Transport, "get_exception", taken)
    ask = Command("look", "echo 1; sleep 1")
    with ThreadPoolExecutor(4) as pool:
        begun = [pool.submit(narrow.run, "compute-40", ask, timeout=90) for _ in "abcd"]
        assert [each.result() for each in begun] == ["1\n"] * 4
    assert refused


def test_a_busy_host_has_the_whole_time_to_open_a_session(
    narrow: SshHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = paramiko.Transport.open_session

    def opens_late(transport: paramiko.Transport, *, timeout: float) -> Any:
        if timeout < 6:
            raise paramiko.SSHException("Timeout opening channel.")
        return opens(transport, timeout=timeout)

    monkeypatch.setattr(paramiko.Transport, "open_session", opens_late)
    assert narrow.run("compute-40", Command("look", "echo 1"), timeout=90) == "1\n"


def test_a_command_whose_turn_never_comes_says_so(
    narrow: SshHosts, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    with ThreadPoolExecutor(1) as pool:
        text = f"touch {trace}; while [ -e {trace} ]; do sleep 0.1; done"
        holding = pool.submit(
            narrow.run, "compute-40", Command("hold", text), timeout=90
        )
        try:
            until = time.monotonic() + 60
            while not trace.exists():
                assert time.monotonic() < until
                time.sleep(0.02)
            with pytest.raises(Unreachable, match="opens no further session"):
                narrow.run("compute-40", Command("look", ":"), timeout=1)
        finally:
            trace.unlink(missing_ok=True)
        assert holding.result(60) == ""


def test_nothing_runs_any_more_when_its_sshd_is_stopped(tmp_path: Path) -> None:
    sshd = Sshd(tmp_path)
    sshd.start()
    hosts = SshHosts(sshd.config())
    text = "setsid sleep 60 </dev/null >/dev/null 2>&1 & echo $!"
    pid = int(hosts.run("compute-40", Command("leave", text), timeout=90))
    hosts.close()
    sshd.stop()

    until = time.monotonic() + 20
    # the one who inherits it may reap it a moment later
    while (status := Path(f"/proc/{pid}/stat")).exists():
        if status.read_text("ascii").rpartition(")")[2].split()[0] == "Z":
            break
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_session_that_ends_by_itself_meanwhile_does_not_stop_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Sshd(tmp_path)
    made.start()
    assert made.process is not None
    sshd, ended = made.process, subprocess.Popen(["true"])
    ended.wait()
    monkeypatch.setattr(made, "_children", lambda _: [ended.pid])

    made.stop()

    assert sshd.returncode is not None

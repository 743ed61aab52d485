"""The least that a host may give novaweb: deploy/authorized_keys and deploy/sudoers."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from migrations_app.errors import Refused
from migrations_app.integrations.adapters.ssh import SshHosts
from migrations_app.integrations.interfaces import Command
from tests.integrations.adapters.sshd import Sshd

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
ASK = Command("look", "echo $((6 * 7))")


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """One whose account takes novaweb's key by the line in deploy/."""
    made = Sshd(tmp_path)
    admit(made, "127.0.0.1")
    made.start()
    yield made
    made.stop()


def admit(sshd: Sshd, address: str) -> None:
    text = (DEPLOY / "authorized_keys").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if not line.startswith("#")]
    key = sshd.key.with_name("key.pub").read_text("utf-8").strip()
    line = line.replace("ssh-ed25519 AAAA novaweb", key)
    line = line.replace("192.0.2.10,192.0.2.11", address)
    (sshd.folder / "authorized_keys").write_text(f"{line}\n", encoding="utf-8")


@pytest.fixture
def hosts(sshd: Sshd) -> Iterator[SshHosts]:
    made = SshHosts(sshd.config())
    yield made
    made.close()


def test_commands_run_by_it(hosts: SshHosts) -> None:
    assert hosts.run("compute-40", ASK) == "42\n"


def test_nothing_but_that_shell_is_run_by_it(hosts: SshHosts) -> None:
    """Whoever has the key asks for what they please, and gets the same shell."""
    transport = hosts._borrow("compute-40", time.monotonic() + 60).transport
    channel = transport.open_session(timeout=60)
    channel.settimeout(60)
    channel.exec_command("echo something else")
    channel.sendall(b"echo from standard input\n")
    channel.shutdown_write()
    assert channel.makefile().read() == b"from standard input\n"
    channel.close()


def test_nothing_is_forwarded_by_it(hosts: SshHosts, sshd: Sshd) -> None:
    transport = hosts._borrow("compute-40", time.monotonic() + 60).transport
    here = ("127.0.0.1", sshd.port)
    with pytest.raises(paramiko.ChannelException):
        transport.open_channel("direct-tcpip", here, here, timeout=60)


def test_a_host_on_the_way_forwards_and_runs_nothing(sshd: Sshd) -> None:
    text = (DEPLOY / "authorized_keys").read_text(encoding="utf-8")
    (options,) = re.findall(r"(restrict,port-forwarding,\S+)\.$", text, re.M)
    key = sshd.key.with_name("key.pub").read_text("utf-8").strip()
    (sshd.folder / "authorized_keys").write_text(f"{options} {key}\n", "utf-8")
    hosts = SshHosts(sshd.config())
    transport = hosts._borrow("compute-40", time.monotonic() + 60).transport
    here = ("127.0.0.1", sshd.port)
    channel = transport.open_channel("direct-tcpip", here, here, timeout=60)
    channel.settimeout(60)
    assert channel.recv(4) == b"SSH-"
    channel.close()
    with pytest.raises(Refused):
        hosts.run("compute-40", ASK)
    hosts.close()


def test_it_is_for_the_workers_addresses_alone(sshd: Sshd) -> None:
    admit(sshd, "192.0.2.10")
    hosts = SshHosts(sshd.config())
    with pytest.raises(Refused, match="away"):
        hosts.run("compute-40", ASK)
    hosts.close()


def test_root_is_given_for_that_shell_alone() -> None:
    text = (DEPLOY / "sudoers").read_text(encoding="utf-8")
    given = re.findall(r"NOPASSWD: (.*)$", text, re.M)
    assert given == ["/usr/bin/sh -eu -s"]
    keys = (DEPLOY / "authorized_keys").read_text(encoding="utf-8")
    assert 'command="sudo -n sh -eu -s"' in keys


def test_sudo_understands_what_it_is_given() -> None:
    program = shutil.which("visudo")
    if program is None:
        pytest.skip("there is no visudo here")
    words = [program, "--check", "--file", str(DEPLOY / "sudoers")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

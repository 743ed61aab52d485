"""Hosts are entered by certificates of SSH that end by themselves, where these are."""

from __future__ import annotations

import getpass
import subprocess
from pathlib import Path

import pytest

from migrations_app.errors import Refused
from migrations_app.integrations.adapters.ssh import SshHosts
from migrations_app.integrations.interfaces import Command
from tests.integrations.adapters.sshd import Sshd, make_key


def sign(authority: Path, key: Path, *, until: str) -> None:
    """Have the authority vouch for the key, in a file beside it."""
    words = ["ssh-keygen", "-q", "-s", str(authority), "-I", "novaweb"]
    words += ["-n", getpass.getuser(), "-V", f"-5d:{until}", f"{key}.pub"]
    subprocess.run(words, check=True)


def test_no_host_needs_to_know_the_key_and_one_that_ended_enters_none(
    tmp_path: Path,
) -> None:
    public = make_key(tmp_path / "authority")
    host = Sshd(tmp_path)
    (tmp_path / "authorized_keys").write_text("")
    host.know("ed25519")
    host.start(f"TrustedUserCAKeys {public}")
    hosts = SshHosts(host.config())
    try:
        with pytest.raises(Refused, match="turns the account"):
            hosts.run("compute-40", Command("look", "echo in"), timeout=60)
        sign(tmp_path / "authority", host.key, until="-1d")
        with pytest.raises(Refused, match="turns the account"):
            hosts.run("compute-40", Command("look", "echo in"), timeout=60)

        sign(tmp_path / "authority", host.key, until="+1d")

        # it is read at each connection: nothing is restarted
        answer = hosts.run("compute-40", Command("look", "echo in"), timeout=60)
        assert answer == "in\n"
    finally:
        hosts.close()
        host.stop()

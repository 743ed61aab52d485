"""How copies get from host to host, by a real sshd."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations_app.integrations.host_commands import disk_copy
from tests.integrations.adapters.sshd import Sshd

pytestmark = pytest.mark.server
MODERN = "Ciphers aes256-gcm@openssh.com,chacha20-poly1305@openssh.com"


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    made = Sshd(tmp_path)
    yield made
    made.stop()


def connect(sshd: Sshd) -> subprocess.CompletedProcess[str]:
    text = f"ssh='{disk_copy.SSH}'\n{disk_copy.PREFER}"
    return subprocess.run(
        ["sh", "-euc", f'{text}$ssh -v -F "$1" compute-40 true', "sh", sshd.config()],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_it_takes_the_cipher_that_costs_least(sshd: Sshd) -> None:
    sshd.start()
    done = connect(sshd)
    assert done.returncode == 0, done.stderr
    assert "cipher: aes128-gcm@openssh.com" in done.stderr


def test_it_takes_another_where_aes_128_is_forbidden(sshd: Sshd) -> None:
    sshd.start(MODERN)
    done = connect(sshd)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "lines",
    [
        ["Ciphers 3des-cbc"],
        ["KexAlgorithms diffie-hellman-group1-sha1"],
        ["Ciphers aes128-ctr", "MACs hmac-md5"],
    ],
)
def test_hosts_that_cannot_agree_are_not_tried_again(
    sshd: Sshd, lines: list[str]
) -> None:
    sshd.start(*lines)
    done = connect(sshd)
    said = done.stderr.splitlines()
    assert "no matching" in said[-1]
    assert not disk_copy.cut(done.returncode, said[-5:])


def test_a_host_that_turns_root_away_is_not_tried_again(sshd: Sshd) -> None:
    (sshd.folder / "authorized_keys").write_text("", encoding="ascii")
    sshd.start()
    done = connect(sshd)
    assert not disk_copy.cut(done.returncode, done.stderr.splitlines()[-5:])


def test_a_host_that_shows_another_key_is_not_tried_again(sshd: Sshd) -> None:
    sshd.start()
    sshd.known.write_text("", encoding="ascii")
    done = connect(sshd)
    assert not disk_copy.cut(done.returncode, done.stderr.splitlines()[-5:])


def test_a_host_that_is_silent_is_tried_again(sshd: Sshd) -> None:
    done = connect(sshd)
    assert disk_copy.cut(done.returncode, done.stderr.splitlines()[-5:])


@pytest.mark.parametrize(
    ("status", "said", "again"),
    [
        (255, "Connection to compute-34 closed by remote host.", True),
        (23, 'rsync: [sender] failed to open "/i/disk": Permission denied (13)', False),
        (20, 'rsync: [sender] failed to open "/i/disk": Permission denied (13)', True),
        (12, "Unable to negotiate with 192.0.2.7: no matching cipher found.", False),
        (12, "", True),
        (137, "", True),
        (11, "", False),
        (None, "", False),
    ],
)
def test_a_cut_connection_is_tried_again_and_nothing_else(
    status: int | None, said: str, again: bool
) -> None:
    assert disk_copy.cut(status, [said]) is again

"""Whom SSH lets us believe, and what a configuration that is no use says."""

from __future__ import annotations

import logging
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations_app.errors import Refused, Unreachable
from migrations_app.integrations.adapters.ssh import SshHosts
from migrations_app.integrations.adapters.ssh.config import read
from migrations_app.integrations.interfaces import Command
from tests.free_port import free_port
from tests.integrations.adapters.sshd import Sshd, make_key


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    made = Sshd(tmp_path_factory.mktemp("sshd"), "rsa")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def sshd(running: Sshd) -> Sshd:
    running.know("ed25519")
    return running


def run(config: Path, host: str = "compute-40", timeout: float = 20.0) -> str:
    hosts = SshHosts(config)
    try:
        return hosts.run(host, Command("look", "echo in"), timeout=timeout)
    finally:
        hosts.close()


def test_a_host_with_the_known_key_is_entered(sshd: Sshd) -> None:
    assert run(sshd.config()) == "in\n"


def test_a_host_is_asked_for_the_kind_of_key_that_is_known(sshd: Sshd) -> None:
    sshd.know("rsa")
    assert run(sshd.config()) == "in\n"


def test_hashed_names_are_known_too(sshd: Sshd) -> None:
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", sshd.known], check=True)
    assert "127.0.0.1" not in sshd.known.read_text("ascii")
    assert run(sshd.config()) == "in\n"


@pytest.mark.parametrize("name", ["*", "[127.0.0.?]:{port}", "x,[127.0.0.1]:{port}"])
def test_patterns_are_known_too(sshd: Sshd, name: str) -> None:
    line = f"{name.format(port=sshd.port)} {sshd.public['ed25519']}"
    sshd.known.write_text(line, encoding="ascii")
    assert run(sshd.config()) == "in\n"


def test_an_alias_is_what_is_looked_up(sshd: Sshd) -> None:
    sshd.know("ed25519", name="compute-40")
    assert run(sshd.config("HostKeyAlias compute-40")) == "in\n"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[127.0.0.2]:{port} {key}",
        "127.0.0.1 {key}",
        "!*,[127.0.0.1]:{port} {key}",
        "@cert-authority [127.0.0.1]:{port} {key}",
        "|1|nonsense {key}",
        "# [127.0.0.1]:{port} {key}",
    ],
)
def test_a_host_that_nobody_knows_is_not_entered(sshd: Sshd, line: str) -> None:
    text = line.format(port=sshd.port, key=sshd.public["ed25519"])
    sshd.known.write_text(text, encoding="ascii")
    with pytest.raises(Refused, match=r"is not known.*ssh-keyscan") as caught:
        run(sshd.config("StrictHostKeyChecking no"))
    assert str(sshd.known) in caught.value.sentence


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_host_with_another_key_is_not_entered(
    sshd: Sshd, tmp_path: Path, kind: str
) -> None:
    """ecdsa: a kind that this host has not got at all."""
    other = make_key(tmp_path / "other", kind=kind).read_text("ascii")
    sshd.known.write_text(f"[127.0.0.1]:{sshd.port} {other}", encoding="ascii")
    with pytest.raises(Refused, match=r"which is not the one in.*nothing was run"):
        run(sshd.config())


def test_a_revoked_key_is_not_believed(sshd: Sshd) -> None:
    line = sshd.known.read_text("ascii")
    sshd.known.write_text(f"{line}@revoked * {sshd.public['ed25519']}", "ascii")
    with pytest.raises(Refused, match="which is not the one in"):
        run(sshd.config())


def test_a_host_that_does_not_know_our_key_says_where_to_put_it(
    sshd: Sshd, tmp_path: Path
) -> None:
    make_key(tmp_path / "mine")
    config = sshd.config()
    text = config.read_text("utf-8").replace(str(sshd.key), str(tmp_path / "mine"))
    config.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match=r"turns the account .* away.*authorized_keys"):
        run(config)


def test_the_second_of_two_keys_may_be_the_one(sshd: Sshd, tmp_path: Path) -> None:
    make_key(tmp_path / "mine", kind="rsa")
    assert run(sshd.config(f"IdentityFile {tmp_path / 'mine'}")) == "in\n"


@pytest.mark.parametrize(
    "content, why",
    [
        (None, "cannot be read (No such file or directory)"),
        ("", "is no private key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", "is no private key"),
        ("passphrase", "has a passphrase"),
    ],
)
def test_a_key_that_is_no_use_says_what_is_wrong(
    sshd: Sshd, tmp_path: Path, content: str | None, why: str
) -> None:
    key = tmp_path / "mine"
    if content == "passphrase":
        make_key(key, passphrase="correct-horse")
    elif content is not None:
        key.write_text(content, encoding="ascii")
    config = sshd.config()
    text = config.read_text("utf-8").replace(str(sshd.key), str(key))
    config.write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as caught:
        run(config)
    assert f"the key {key} {why}" in caught.value.sentence


@pytest.mark.parametrize(
    "text, sentence",
    [
        (None, "cannot be read (No such file or directory)"),
        ("Host other\n  User root\n", "names no IdentityFile"),
        ("Host *\n  Port many\n  IdentityFile /k\n", "ssh -F"),
        ("Host 'a\n", "ssh -F"),
        ("nonsense\n", "ssh -F"),
        ("Include more\nHost *\n  IdentityFile /k\n", "uses Include"),
        ("Include\tmore\nHost *\n  IdentityFile /k\n", "uses Include"),
        ("include=more\nHost *\n  IdentityFile /k\n", "uses Include"),
        ("Host *\n  ProxyCommand nc %h\n  IdentityFile /k\n", "uses ProxyCommand"),
        ("Host *\n\tProxyCommand\tnc %h\n  IdentityFile /k\n", "uses ProxyCommand"),
        (
            "Host *\n  ProxyJump b\n  IdentityFile /k\n  UserKnownHostsFile none\n",
            "is not known",
        ),
    ],
)
def test_a_configuration_that_is_no_use_says_what_is_wrong(
    tmp_path: Path, text: str | None, sentence: str
) -> None:
    config = tmp_path / "config"
    if text is not None:
        config.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match=r"cannot be entered|is not known") as caught:
        run(config)
    assert sentence in caught.value.sentence


def test_a_corrected_configuration_is_read_without_a_restart(
    sshd: Sshd, tmp_path: Path
) -> None:
    hosts = SshHosts(tmp_path / "config")
    with pytest.raises(Refused):
        hosts.run("compute-40", Command("look", ":"))
    (tmp_path / "config").write_bytes(sshd.config().read_bytes())
    assert hosts.run("compute-40", Command("look", "echo in")) == "in\n"
    hosts.close()


def test_a_host_behind_another_is_entered_through_it(sshd: Sshd) -> None:
    config = sshd.config("ProxyJump hop", host="compute-40")
    far = config.read_text("utf-8")
    near = sshd.config(host="hop").read_text("utf-8")
    config.write_text(far + near, encoding="utf-8")
    assert run(config) == "in\n"


def test_a_host_that_is_its_own_jump_is_entered_as_it_is(sshd: Sshd) -> None:
    assert run(sshd.config("ProxyJump compute-40", host="*")) == "in\n"


def test_jumps_in_a_circle_end(sshd: Sshd) -> None:
    config = sshd.config("ProxyJump b", host="compute-40")
    text = config.read_text("utf-8")
    text += sshd.config("ProxyJump compute-40", host="b").read_text("utf-8")
    config.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match="in a circle"):
        run(config)


def test_a_host_that_is_down_is_unreachable(sshd: Sshd) -> None:
    port = free_port()
    sshd.know("ed25519", port=port)
    with pytest.raises(Unreachable, match="refuses the connection: look whether sshd"):
        run(sshd.config(port=port))


def test_a_name_that_leads_nowhere_is_unreachable(sshd: Sshd) -> None:
    sshd.know("ed25519", name="nowhere.invalid")
    with pytest.raises(Unreachable, match=r"the name nowhere.invalid leads nowhere"):
        run(sshd.config("HostName nowhere.invalid"))


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400\r\n\r\n", b"SSH-2.0-x\r\n"])
def test_who_does_not_speak_ssh_is_unreachable_in_time(
    sshd: Sshd, greeting: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        sshd.know("ed25519", port=port)
        began = time.monotonic()
        with caplog.at_level(logging.DEBUG), pytest.raises(Unreachable) as caught:
            if greeting:
                accept_and_say(mute, greeting)
            run(sshd.config(port=port), timeout=1.5)
        assert time.monotonic() - began < 20
    assert "does not answer over SSH" in caught.value.sentence
    assert "Traceback" not in caplog.text + caught.value.sentence


def accept_and_say(server: socket.socket, greeting: bytes) -> None:
    def speak() -> None:
        peer, _ = server.accept()
        peer.sendall(greeting)
        peer.settimeout(10)
        while peer.recv(4096):
            pass
        peer.close()

    threading.Thread(target=speak, daemon=True).start()


@pytest.mark.parametrize(
    "line",
    [
        "Match exec {touch}",
        "match EXEC {touch}",
        "Match=exec {touch}",
        "\tMatch\thost * !exec {touch}",
        'Match host * "exec" {touch}',
        "Match host * ex\\ec {touch}",
        "Match Exec {touch}",
        "Match host compute-40 tagged x",
        "Match host",
        'Match host "x',
    ],
)
def test_no_command_of_a_configuration_is_run(tmp_path: Path, line: str) -> None:
    ran = tmp_path / "ran"
    config = tmp_path / "config"
    line = line.format(touch=f'"touch {ran}"')
    config.write_text(f"{line}\n  IdentityFile /k\n", encoding="utf-8")
    with pytest.raises(Refused, match="has a Match that asks for more"):
        read(config, "compute-40")
    assert not ran.exists()


def test_hosts_and_accounts_may_be_matched(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "Match host compute-* !user nobody\n  IdentityFile /k\nMatch all\n  Port 2222\n"
        "Host *\n  ProxyCommand none\n",
        encoding="utf-8",
    )
    assert read(config, "compute-40").port == 2222

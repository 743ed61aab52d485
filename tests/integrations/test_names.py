"""Names from Nova, hosts and people are names, or do not get into a command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migrations_app.errors import Blocked, Refused
from migrations_app.integrations.adapters.openstack import parsing
from migrations_app.integrations.adapters.ssh import config
from migrations_app.integrations.host_commands import host_ways
from migrations_app.integrations.interfaces import HostFacts, Move, names

NOT_NAMES = ["-x", "", "a b", "a;b", "a\nb", "$a", "a/b", ".", "..", "é", "a" * 256]
HERE = Path(__file__).parents[2] / "migrations_app" / "integrations" / "host_commands"


@pytest.mark.parametrize("name", ["compute-30", "c_1.example.org", "192.0.2.7", "a"])
def test_names_of_hosts_are_names(name: str) -> None:
    assert names.is_name(name)
    assert names.is_address(name)


@pytest.mark.parametrize("name", NOT_NAMES)
def test_what_may_be_read_otherwise_is_none(name: str) -> None:
    assert not names.is_name(name)
    assert not names.is_address(name)


def test_addresses_are_names_and_ip_addresses_without_a_zone() -> None:
    assert names.is_address("2001:db8::7")
    assert not names.is_address("fe80::1%eth0")


@given(text=st.text())
@example(text="a\n")
def test_no_name_begins_an_option_or_ends_a_word(text: str) -> None:
    if names.is_name(text):
        assert re.fullmatch(r"[\w.-]+", text, re.ASCII)
        assert not text.startswith(("-", "."))


@pytest.mark.parametrize("name", [it for it in NOT_NAMES if it])
def test_no_move_is_made_of_what_is_no_name(name: str) -> None:
    for given_ in ({"server_id": name}, {"source": name}, {"target": name}):
        words: dict[str, Any] = {
            "server_id": "id",
            "server_name": "web",
            "source": "a",
            "target": "b",
        }
        with pytest.raises(Blocked, match="is no name of"):
            Move(**{**words, **given_})
    with pytest.raises(Blocked, match="no token"):
        Move("id", "web", "a", "b", token="../x")


@pytest.mark.parametrize("name", [it for it in NOT_NAMES if it])
def test_a_host_that_chose_such_a_name_is_unknown(name: str) -> None:
    found = parsing.server({"id": "u", "OS-EXT-SRV-ATTR:host": name})
    assert found.host is None
    with pytest.raises(Blocked):
        parsing.server({"id": name})


def test_no_such_host_is_entered(tmp_path: Path) -> None:
    path = tmp_path / "ssh_config"
    path.write_text("Host *\n  IdentityFile /k\n", encoding="utf-8")
    assert config.read(path, "compute-30").host == "compute-30"
    with pytest.raises(Refused, match="no name of a host"):
        config.read(path, "-x")


@pytest.mark.parametrize("said", [*NOT_NAMES, "a?b", "a@b", "[::1]", "a:1"])
def test_no_address_is_tried_that_is_none(said: str) -> None:
    here = HostFacts("a", instances="/i")
    for option in ("live_migration_inbound_addr", "migration_inbound_addr"):
        told = {f"libvirt.{option}": said}
        there = HostFacts("b", instances="/i", nova="33.0.0", settings=told)
        text = host_ways.try_ways(here, there).text
        if option == "migration_inbound_addr":
            assert host_ways.cold_address(there) is None
        elif said:
            assert host_ways.live_uri(here, there) is None
        assert f"{said}/system" not in text or not said


@pytest.mark.parametrize(
    "uri",
    [
        "qemu+ssh://%s/system?netcat=x",
        "qemu+ssh://%s/system?keyfile=-x",
        "qemu+ssh://-l@%s/system",
        "qemu+ssh://%s/system?keyfile=/k;x",
        "qemu+unix:///system?socket=%s",
        "qemu+tcp://%s:1x/system",
        "qemu+tcp://%9s/system",
        "qemu+tcp://-%s/system",
    ],
)
def test_a_uri_is_made_only_of_names_addresses_and_plain_words(uri: str) -> None:
    here = HostFacts("a", instances="/i", settings={"libvirt.live_migration_uri": uri})
    assert host_ways.live_uri(here, HostFacts("b", instances="/i")) is None


def test_every_host_in_a_command_comes_after_the_end_of_options() -> None:
    wrong = []
    for path in HERE.glob("*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            ssh = re.search(
                r'(\$ssh|\{disk_copy\.SSH\}|BatchMode=yes)["\' ]+[^-"\' ]*'
                r'("\$target"|\{shlex)',
                line,
            )
            copied = re.search(r'(copy|rsync) .*"\$target["&:]', line)
            qemu = re.search(r"qemu-img (info|map) .*-f", line)
            if ssh or ((copied or qemu) and " -- " not in line and "\\" not in line):
                wrong.append(f"{path.name}:{number}: {line.strip()}")
    assert wrong == []

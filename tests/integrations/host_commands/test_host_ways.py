"""Which address and URI are tried, and what is made of the answers."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.integrations.host_commands import host_ways
from migrations_app.integrations.host_commands.host_ways import Way
from migrations_app.integrations.interfaces import HostFacts

INBOUND = "libvirt.live_migration_inbound_addr"
RHOSO = "qemu+ssh://nova@%s/system?keyfile=/var/lib/nova/.ssh/key"


def host(name: str, settings: dict[str, str] | None = None, **facts: Any) -> HostFacts:
    given = {"instances": "/var/lib/nova/instances", **facts}
    return HostFacts(name, settings=settings or {}, **given)


# what nova/virt/libvirt/driver.py, _live_migration_uri, of 34.0 makes of these
@pytest.mark.parametrize(
    ("source", "target", "uri"),
    [
        ({}, {}, "qemu+tcp://compute-34/system"),
        ({}, {INBOUND: "192.0.2.7"}, "qemu+tcp://192.0.2.7/system"),
        ({}, {INBOUND: "2001:db8::7"}, "qemu+tcp://[2001:db8::7]/system"),
        ({"libvirt.live_migration_scheme": "tls"}, {}, "qemu+tls://compute-34/system"),
        (
            {"libvirt.virt_type": "parallels", "libvirt.live_migration_scheme": "tls"},
            {},
            "parallels+tcp://compute-34/system",
        ),
        ({"libvirt.live_migration_uri": RHOSO}, {}, RHOSO % "compute-34"),
        (
            {
                "libvirt.live_migration_uri": RHOSO,
                "libvirt.live_migration_scheme": "tls",
            },
            {INBOUND: "2001:db8::7"},
            RHOSO % "[2001:db8::7]",
        ),
        ({"libvirt.live_migration_uri": ""}, {}, "qemu+tcp://compute-34/system"),
    ],
)
def test_a_live_migration_goes_by_the_uri_that_nova_makes(
    source: dict[str, str], target: dict[str, str], uri: str
) -> None:
    there = host("compute-34", target)
    assert host_ways.live_uri(host("compute-30", source), there) == uri


@pytest.mark.parametrize(
    "settings",
    [
        {"libvirt.live_migration_uri": "qemu+tcp://compute-34/system"},
        {"libvirt.live_migration_uri": "qemu+tcp://%s/%s"},
        {"libvirt.live_migration_uri": "qemu+tcp://%(dest)s/system"},
        {"libvirt.live_migration_uri": "qemu+tcp://%s.$domain/system"},
        {"libvirt.live_migration_scheme": "$scheme"},
        {"libvirt.virt_type": "lxc"},
    ],
)
def test_no_uri_is_guessed(settings: dict[str, str]) -> None:
    source, target = host("compute-30", settings), host("compute-34")
    assert host_ways.live_uri(source, target) is None
    read, unread = host("compute-30"), host("compute-34", instances="")
    assert host_ways.live_uri(read, unread) is None


@pytest.mark.parametrize(
    "uri",
    [
        "qemu+ext://%s/system?command=/srv/x",
        "qemu+ssh://%s/system?keyfile=/k&command=/srv/x",
        "qemu+ssh://%s/system?no_verify=1;Command=/srv/x",
        "qemu+ssh://%s/system?%%63ommand=/srv/x",
    ],
)
def test_no_program_is_run_that_a_uri_names(uri: str) -> None:
    source = host("compute-30", {"libvirt.live_migration_uri": uri})
    assert host_ways.live_uri(source, host("compute-34")) is None
    asked = host_ways.try_ways(source, host("compute-34")).text
    assert "/srv/x" not in asked


@pytest.mark.parametrize(
    ("nova", "address"),
    [
        ("28.3.0", "192.0.2.1"),
        ("29.0.0", "198.51.100.1"),
        ("34.0.0", "198.51.100.1"),
        ("", "198.51.100.1"),
    ],
)
def test_a_cold_migration_goes_to_the_address_of_its_release(
    nova: str, address: str
) -> None:
    settings = {
        "DEFAULT.my_ip": "192.0.2.1",
        "libvirt.migration_inbound_addr": "198.51.100.1",
    }
    assert host_ways.cold_address(host("a", settings, nova=nova)) == address


@pytest.mark.parametrize("address", ["", "$nowhere", "%s.mig.example.org"])
def test_no_address_is_guessed(address: str) -> None:
    settings = {"libvirt.migration_inbound_addr": address}
    assert host_ways.cold_address(host("a", settings)) is None
    settings = {"libvirt.migration_inbound_addr": "192.0.2.1"}
    assert host_ways.cold_address(host("a", settings, instances="")) is None


@pytest.mark.parametrize(
    ("answer", "way"),
    [
        ("0", Way(open=True)),
        (
            "255 nova@b: Permission denied (publickey). ",
            Way(open=False, said="nova@b: Permission denied (publickey)"),
        ),
        (
            "1 This account is currently not available.",
            Way(open=False, said="This account is currently not available"),
        ),
        ("124", Way(None, "no answer within 8 s", late=True)),
        ("127", Way(None, "it is not installed")),
        ("127 nsenter: failed to execute ssh: No such file or directory", None),
        (
            "1 nsenter: reassociate to namespace 'ns/mnt' failed: Permission denied",
            None,
        ),
        ("255 No user exists for uid 42436", None),
        ("1 bash: true: command not found", None),
        ("- no nova-compute runs there", Way(None, "no nova-compute runs there")),
        ("", Way(None)),
    ],
)
def test_what_could_not_be_tried_is_not_closed(answer: str, way: Way | None) -> None:
    expected = way or Way(None, answer.partition(" ")[2])
    assert host_ways.read(f"ssh 0\nnova {answer}\nlibvirt 0\n") == {
        "ssh": Way(open=True),
        "nova": expected,
        "libvirt": Way(open=True),
        "back": Way(None),
    }


# RDO's nova-migration-wrapper lets Nova's own commands through, and ends all others
@pytest.mark.parametrize("name", ["nova", "back"])
@pytest.mark.parametrize("words", ["", " Forbidden"])
def test_a_target_that_runs_only_novas_commands_is_not_closed(
    name: str, words: str
) -> None:
    way = host_ways.read(f"{name} 1{words}\n")[name]
    assert way.open is None
    assert way.said.startswith("SSH is open, but a command there ended with status 1")
    assert way.said.endswith(words.strip())


# a manual move runs commands of its own there, and libvirt's tool says 1 for all
@pytest.mark.parametrize("name", ["ssh", "libvirt"])
def test_where_commands_of_ours_must_run_a_status_closes_the_way(name: str) -> None:
    closed = Way(open=False, said="ended with status 1")
    assert host_ways.read(f"{name} 1\n")[name] == closed


def test_a_way_without_an_answer_is_not_known() -> None:
    assert set(host_ways.read("").values()) == {Way(None)}


def test_a_tools_words_are_one_short_line_without_marks() -> None:
    said = host_ways.read(f"nova 255 a\t\x1b[31mb\x07\u202ec {'d' * 999}\n")[
        "nova"
    ].said
    assert said.startswith("a [31mb c ddd")
    assert len(said) == host_ways.LONGEST

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrations_app.integrations.interfaces import Disk
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, COLDLY, LIVE, MANUAL
from tests.preflight.build import (
    SOURCE,
    TARGET,
    by_hand,
    facts,
    finding,
    guest,
    said,
    seen,
)

BLOCKS, UNKNOWN = Severity.BLOCKS, Severity.UNKNOWN
CLOSED = "nova@192.0.2.7: Permission denied (publickey)"
VOLUME = Disk("vms/volume-1", "vda", "disk", "network")
WAYS = [
    ("hosts.libvirt", LIVE, "libvirt_reaches", "libvirt"),
    ("hosts.ssh", COLD, "nova_reaches", "nova"),
    ("manual.tools", MANUAL, "reaches", "ssh"),
]


# Nova makes a file and a folder on the target by SSH, whatever there is to copy
@pytest.mark.parametrize("procedure", COLDLY)
@pytest.mark.parametrize(
    "given",
    [
        seen(target={"nova_reaches": False}),
        seen(target={"nova_reaches": False, "shared": True}),
        seen(guest(VOLUME), target={"nova_reaches": False}),
    ],
    ids=["local disks", "shared storage", "no local disks"],
)
def test_every_cold_move_needs_novas_ssh(given: Any, procedure: str) -> None:
    assert said("hosts.ssh", given, by=procedure) is BLOCKS


@pytest.mark.parametrize(("rule", "procedure", "way", "name"), WAYS)
def test_a_closed_way_is_told_in_the_tools_own_words(
    rule: str, procedure: str, way: str, name: str
) -> None:
    found = finding(
        rule, by_hand(target={way: False, "said": {name: CLOSED}}), by=procedure
    )
    assert found is not None
    assert found.severity is BLOCKS
    assert f": “{CLOSED}”." in found.sentence


@pytest.mark.parametrize(("rule", "procedure", "way", "name"), WAYS)
def test_a_way_that_was_not_tried_is_unknown_and_says_why(
    rule: str, procedure: str, way: str, name: str
) -> None:
    said_there = {way: None, "said": {name: "no answer within 8 s"}}
    found = finding(rule, by_hand(target=said_there), by=procedure)
    assert found is not None
    assert found.severity is UNKNOWN
    assert found.sentence.endswith("could not be found out: “no answer within 8 s”.")


@pytest.mark.parametrize(
    ("source", "severity"),
    [({"domain": ""}, BLOCKS), ({"domain": None, "silent": "not found"}, UNKNOWN)],
)
def test_there_is_no_domain_only_where_libvirt_says_so(
    source: dict[str, Any], severity: Severity
) -> None:
    given = by_hand(source=source)
    assert given.survey is not None
    without = replace(given, survey=replace(given.survey, guest=None))
    found = finding("manual.hosts", without, by=MANUAL)
    assert found is not None
    assert found.severity is severity
    assert (SOURCE in found.sentence, "not found" in found.sentence) == (
        True,
        severity is UNKNOWN,
    )


def test_a_manual_move_needs_virsh_on_the_host_itself() -> None:
    found = finding("manual.tools", by_hand(target={"contained": True}), by=MANUAL)
    assert found is not None
    assert found.severity is BLOCKS
    assert f"in a container on {TARGET}" in found.sentence


def test_nothing_is_said_of_ways_before_the_hosts_were_entered() -> None:
    for rule, procedure, _, _ in WAYS:
        assert finding(rule, facts(), by=procedure) is None

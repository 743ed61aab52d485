"""What each finding may cost: nothing but time, the guest for a while, or for good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrations_app.integrations.interfaces import Volume
from migrations_app.preflight.advice import examine
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.risk import (
    AFTERWARDS,
    LATE,
    LOSSES,
    Chance,
    Cost,
    Risk,
    attempt,
    loss,
    outage,
)
from migrations_app.preflight.rule import COLD, LIVE, PROCEDURES
from migrations_app.preflight.rules import RULES
from tests.preflight.build import FLAVOR, facts, finding, move, seen, server
from tests.preflight.cases import CASES

SELDOM, OPEN, CERTAIN = Chance.SELDOM, Chance.OPEN, Chance.CERTAIN
DRIVE = server(config_drive=True)
SCRATCH = server(flavor=replace(FLAVOR, ephemeral_gb=5))
SILENT = seen(unread={"compute-34": "It does not answer."})
ENCRYPTED = facts(volumes=(Volume("v-1", "in-use", "OS1", encrypted=True),))
NO_IMAGES = facts(withheld={"image": "Refused."})


@pytest.mark.parametrize(
    ("name", "given", "live", "cold"),
    [
        # a warning by itself, and what is unknown by itself
        ("instance.lock", facts(server=server(locked=True)), attempt(SELDOM), None),
        ("hosts.libvirt", seen(target={"libvirt_reaches": None}), attempt(OPEN), None),
        # given up before the guest is switched off
        ("hosts.ssh", seen(target={"nova_reaches": None}), None, attempt(OPEN)),
        # met on the target, when it is off
        ("disk.image", NO_IMAGES, attempt(OPEN), outage(SELDOM)),
        ("hosts.read", SILENT, attempt(OPEN), outage(SELDOM)),
        ("volume.encrypted", ENCRYPTED, attempt(OPEN), outage(OPEN)),
        ("target.machine", seen(target={"takes_machine": False}), None, outage(OPEN)),
        # known to be lost, and perhaps lost
        (
            "disk.config_drive",
            facts(server=DRIVE, release=33),
            loss("config drive", OPEN),
            None,
        ),
        ("disk.config_drive", facts(server=DRIVE, release=29), attempt(SELDOM), None),
        (
            "disk.ephemeral",
            facts(server=SCRATCH),
            loss("data", OPEN),
            loss("data", OPEN),
        ),
        # hardly ever so, but it costs most
        ("hosts.instances_path", facts(), outage(SELDOM), loss("data", SELDOM)),
        ("disk.raw", facts(), None, outage(SELDOM)),
    ],
)
def test_a_finding_costs_what_nova_does_then(
    name: str, given: Facts, live: Risk | None, cold: Risk | None
) -> None:
    for procedure, risk in ((LIVE, live), (COLD, cold)):
        found = finding(name, given, by=procedure)
        if risk is not None:
            assert found is not None
            assert found.risk == risk


@pytest.mark.parametrize("name", CASES)
def test_what_warns_or_is_unknown_has_a_risk_that_is_weighed(name: str) -> None:
    case = CASES[name]
    for procedure in PROCEDURES:
        for found in examine(case.speaks, move(case.to, **case.options), procedure):
            risky = found.severity in {Severity.WARNS, Severity.UNKNOWN}
            assert (found.risk is not None) is risky
            assert found.evidence.get("loses") in {None, *LOSSES}
            if found.risk is not None:
                lost = found.risk.loses
                assert lost in LOSSES if found.risk.cost is Cost.LOSS else not lost


def test_the_rules_named_there_are_rules() -> None:
    assert {rule.id for rule in RULES} >= LATE.keys() | AFTERWARDS


def test_grave_is_what_a_person_should_decide_for_this_very_guest() -> None:
    grave = {loss("data", CERTAIN), outage(OPEN), outage(CERTAIN)}
    light = {loss("data", OPEN), loss("data", SELDOM), outage(SELDOM), attempt(CERTAIN)}
    assert {it for it in grave | light if it.grave} == grave

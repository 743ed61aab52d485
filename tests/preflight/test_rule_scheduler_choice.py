from __future__ import annotations

from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import About
from migrations_app.preflight.rules import RULES
from migrations_app.preflight.rules.scheduler_choice import TARGET_RULES
from tests.preflight.build import (
    OTHER,
    TARGET,
    facts,
    finding,
    hypervisor,
    said,
    service,
    stock,
)


def test_it_is_silent_when_a_target_was_chosen() -> None:
    assert said("target.choice", facts()) is None


def test_it_is_content_with_one_host_that_nothing_blocks() -> None:
    given = facts(services=[service(OTHER, enabled=False)])
    found = finding("target.choice", given, to=None)
    assert found is not None
    assert found.severity is Severity.OK
    assert found.evidence == {
        "possible": [TARGET],
        "against": {OTHER: ["target.enabled"]},
    }


def test_it_blocks_when_every_host_is_ruled_out_and_says_by_what() -> None:
    given = facts(
        hypervisor(TARGET, stock=stock(vcpus=1)), services=[service(OTHER, up=False)]
    )
    found = finding("target.choice", given, to=None)
    assert found is not None
    assert found.severity is Severity.BLOCKS
    assert found.evidence["against"] == {
        OTHER: ["target.up"],
        TARGET: ["target.room"],
    }


def test_it_does_not_know_when_nothing_is_known_of_any_host() -> None:
    given = facts(hypervisor(TARGET, stock={}), hypervisor(OTHER, stock={}))
    assert said("target.choice", given, to=None) is Severity.UNKNOWN
    unread = facts(hypervisors={}, unread={"hypervisors": "Nova did not answer."})
    assert said("target.choice", unread, to=None) is Severity.UNKNOWN


def test_it_asks_every_rule_about_targets_in_the_same_order() -> None:
    assert [rule for rule in RULES if rule in TARGET_RULES] == list(TARGET_RULES)
    assert {rule.about for rule in TARGET_RULES} == {About.TARGET}

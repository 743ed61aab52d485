from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrations_app.preflight.finding import Severity
from tests.preflight.build import (
    OTHER,
    SOURCE,
    TARGET,
    WEB,
    facts,
    finding,
    group,
    record,
    said,
)

OK, WARNS, BLOCKS = Severity.OK, Severity.WARNS, Severity.BLOCKS
RULES = ("group.affinity", "group.anti_affinity", "group.soft")


@pytest.mark.parametrize("target", [TARGET, None])
def test_it_blocks_every_move_of_a_member_of_an_affinity_group(
    target: str | None,
) -> None:
    given = facts(group=group("affinity", on=SOURCE))
    assert said("group.affinity", given, to=target) is BLOCKS


def test_it_is_content_with_an_instance_in_no_group() -> None:
    assert [said(name, facts()) for name in RULES] == [OK, None, None]


def test_it_leaves_each_policy_to_its_own_rule() -> None:
    given = facts(group=group("anti-affinity"))
    assert [said(name, given) for name in RULES] == [None, OK, None]


def test_it_does_not_know_the_affinity_when_groups_cannot_be_read() -> None:
    given = facts(unread={"group": "Nova refuses it."})
    assert said("group.affinity", given) is Severity.UNKNOWN


def test_it_blocks_a_target_that_holds_another_member_of_an_anti_group() -> None:
    found = finding(
        "group.anti_affinity", facts(group=group("anti-affinity", on=TARGET))
    )
    assert found is not None
    assert found.severity is BLOCKS
    assert found.evidence["members"] == ["m-2"]


def test_it_counts_how_many_members_a_host_may_hold() -> None:
    given = facts(group=group("anti-affinity", on=TARGET, max_per_host=2))
    assert said("group.anti_affinity", given) is OK


def test_it_warns_of_a_target_against_a_soft_anti_affinity() -> None:
    given = facts(group=group("soft-anti-affinity", on=TARGET))
    assert said("group.soft", given) is WARNS


def test_it_warns_of_leaving_a_soft_affinity_group() -> None:
    given = facts(group=group("soft-affinity", on=SOURCE))
    assert said("group.soft", given) is WARNS


@pytest.mark.parametrize(
    ("policy", "where"), [("soft-affinity", TARGET), ("soft-anti-affinity", OTHER)]
)
def test_it_is_content_with_a_target_that_suits_a_soft_group(
    policy: str, where: str
) -> None:
    assert said("group.soft", facts(group=group(policy, on=where))) is OK


def on_its_way(how: str) -> dict[str, Any]:
    """The other member's move to the target, as Nova or as we know it."""
    if how == "our run":
        return {"heading": {"m-2": TARGET}}
    return {"under_way": (replace(record("running"), server_id="m-2"),)}


@pytest.mark.parametrize("how", ["our run", "a record of Nova"])
def test_it_counts_a_member_that_is_on_its_way_to_the_target(how: str) -> None:
    moving = on_its_way(how)
    found = finding(
        "group.anti_affinity", facts(group=group("anti-affinity"), **moving)
    )
    assert found is not None
    assert found.severity is BLOCKS
    assert found.evidence["members"] == ["m-2"]
    roomy = group("anti-affinity", max_per_host=2)
    assert said("group.anti_affinity", facts(group=roomy, **moving)) is OK
    soft = group("soft-anti-affinity")
    assert said("group.soft", facts(group=soft, **moving)) is WARNS


def test_it_counts_neither_strangers_nor_the_instance_itself() -> None:
    others = tuple(
        replace(record("running"), server_id=server_id) for server_id in ("m-9", WEB)
    )
    given = facts(group=group("anti-affinity"), under_way=others, heading={WEB: TARGET})
    assert said("group.anti_affinity", given) is OK


def test_it_does_not_know_who_is_on_its_way_when_moves_cannot_be_read() -> None:
    given = facts(group=group("anti-affinity"), unread={"under_way": "It is silent."})
    assert said("group.anti_affinity", given) is Severity.UNKNOWN

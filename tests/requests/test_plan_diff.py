"""What is different about a plan, line by line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrations_app.models import AuditEntry, MigrationRequest
from migrations_app.models.states import RequestState
from migrations_app.preflight.finding import Finding, Severity
from migrations_app.requests import plan as request_plan
from migrations_app.requests import plan_diff
from migrations_app.requests import start as request_start
from migrations_app.requests.plan import Draft
from tests.cast import Cast
from tests.stage import Stage

pytestmark = pytest.mark.django_db
PLAN: list[dict[str, Any]] = [
    {"key": "a", "sentence": "First.", "final": False, "commands": ["one\ntwo\nthree"]},
    {"key": "b", "sentence": "Second.", "final": False, "commands": []},
]


@pytest.fixture
def drawn(stage: Stage, cast: Cast) -> tuple[MigrationRequest, Draft]:
    """A request, and the same plan drawn again."""
    request = cast.ask(stage)
    return request, request_plan.redraft(request)


def compare(drawn: tuple[MigrationRequest, Draft], **fields: Any) -> list[Any]:
    """Return the differences when the plan was PLAN and these fields are new."""
    request, now = drawn
    request.plan = PLAN
    return plan_diff.differences(request, replace(now, **{"plan": PLAN, **fields}))


def test_nothing_is_different_about_the_same_plan(
    drawn: tuple[MigrationRequest, Draft],
) -> None:
    request, now = drawn
    assert plan_diff.differences(request, now) == []


def test_steps_come_go_and_change_places(drawn: tuple[MigrationRequest, Draft]) -> None:
    third = {"key": "c", "sentence": "Third.", "final": True, "commands": []}
    assert compare(drawn, plan=[PLAN[0], third]) == [
        {"kind": "removed", "what": "step", "text": "Second."},
        {"kind": "added", "what": "step", "text": "Third."},
    ]
    (turned,) = compare(drawn, plan=PLAN[::-1])
    assert turned["what"] == "order"


def test_commands_are_compared_line_by_line(
    drawn: tuple[MigrationRequest, Draft],
) -> None:
    changed = {**PLAN[0], "commands": ["one\n2\nthree\nfour"]}
    about = {"what": "command", "step": "First."}
    found = compare(drawn, plan=[changed, PLAN[1]])
    assert found == [
        {"kind": "removed", **about, "text": "two"},
        {"kind": "added", **about, "text": "2"},
        {"kind": "added", **about, "text": "four"},
    ]
    assert plan_diff.sentences(found) == "The commands of a step changed: First."


def test_facts_are_named_by_their_paths(drawn: tuple[MigrationRequest, Draft]) -> None:
    request, now = drawn
    request.facts = {"row": {"host": "a", "node": "a"}, "volumes": ["x"]}
    move = replace(now.move, facts={"row": {"host": "b"}, "volumes": ["x", "y"]})
    found = plan_diff.differences(request, replace(now, move=move))
    assert [(line["kind"], line["name"]) for line in found] == [
        ("changed", "row.host"),
        ("removed", "row.node"),
        ("added", "volumes 2"),
    ]
    assert (found[0]["before"], found[0]["after"]) == ("a", "b")
    assert plan_diff.sentences(found) == (
        "A fact that the plan depends on changed: row. A fact that the plan"
        " depends on changed: volumes."
    )


def test_a_finding_that_reads_differently_is_one_change(
    drawn: tuple[MigrationRequest, Draft],
) -> None:
    request, now = drawn
    request.findings = [{"rule": "room", "severity": "warns", "sentence": "Tight."}]
    finding = Finding("room", Severity.BLOCKS, "Full.", "", {})
    found = plan_diff.differences(request, replace(now, findings=(finding,)))
    assert found == [
        {
            "kind": "changed",
            "what": "finding",
            "before": "warns: Tight.",
            "after": "blocks: Full.",
        }
    ]


def test_there_is_an_end_to_the_differences(
    drawn: tuple[MigrationRequest, Draft],
) -> None:
    lines = "\n".join(f"{number} {'x' * 2000}" for number in range(3000))
    found = compare(drawn, plan=[{**PLAN[0], "commands": [lines]}, PLAN[1]])
    assert len(found) == plan_diff.MOST + 1
    assert found[-1]["what"] == "more"
    assert max(len(line["text"]) for line in found) <= plan_diff.LONGEST + 1


def test_voided_approvals_leave_the_lines_with_the_request_and_in_the_trail(
    stage: Stage, cast: Cast
) -> None:
    request = cast.approved(stage)
    stage.cloud.edit_host(stage.target, up=False)
    request_start.start_due(stage.time)
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
    assert any(
        line["what"] == "finding" and "is down" in line.get("text", line.get("after"))
        for line in request.differences
    )
    entry = AuditEntry.objects.get(verb="request.voided")
    assert entry.after["differences"] == request.differences

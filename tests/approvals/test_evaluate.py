"""Policies rule requests: at the approval, and again when the run would start."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from migrations_app.errors import NotAllowed, TooLate, Unfit
from migrations_app.models import ApprovalPolicy, MigrationRequest, Run
from migrations_app.models.states import RequestState
from migrations_app.requests import start as request_start
from migrations_app.requests.approvals import evaluate, in_force
from migrations_app.requests.approvals import policies as approval_policies
from migrations_app.requests.approvals.since import Since
from tests import factories
from tests.approvals import decided
from tests.cast import Cast, last_entry, verbs
from tests.counted_approvals import approvals_needed
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def member(name: str, *groups: str) -> User:
    return factories.person(name, "approver", *groups)


def start(stage: Stage, request: MigrationRequest) -> MigrationRequest:
    request_start.start_due(stage.time)
    request.refresh_from_db()
    return request


def test_a_policy_of_stages_is_followed_in_order(stage: Stage, cast: Cast) -> None:
    board = member("boris", "board")
    factories.policy("Staged", stages=[(1, "approver"), (1, "board")])
    request = cast.ask(stage)
    # of the board, and an approver: counts for the first stage, and then no more
    assert cast.approve(request, by=board).state == RequestState.REQUESTED
    with pytest.raises(NotAllowed, match="cannot approve at this stage"):
        cast.approve(request)
    with pytest.raises(TooLate, match="already decided on this plan"):
        cast.approve(request, by=board)
    assert cast.approve(request, by=member("bea", "board")).state == "approved"
    assert start(stage, request).state == RequestState.RUNNING
    entry = last_entry("run.started")
    assert (entry.after["policy"], entry.after["policy_version"]) == ("Staged", 1)
    assert entry.after["approvals"] == ["boris", "bea"]
    assert last_entry("request.ready").after["policy_rule"]["stages"][1] == {
        "groups": ["board"],
        "approvers": 1,
    }


def test_without_a_policy_nothing_can_be_approved(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    ApprovalPolicy.objects.update(active=False)
    with pytest.raises(TooLate, match="must add a policy"):
        cast.approve(request)
    assert approvals_needed(request) == 0


@pytest.mark.parametrize("change", ["stricter", "none", "another group"])
def test_a_policy_made_stricter_sends_an_approved_request_back(
    stage: Stage, cast: Cast, change: str
) -> None:
    request = cast.approved(stage)
    match change:
        case "stricter":
            factories.policy("Two", stages=[(2, "approver")])
        case "another group":
            factories.policy("Board", stages=[(1, "board")])
        case _:
            ApprovalPolicy.objects.update(active=False)
    assert start(stage, request).state == RequestState.REQUESTED
    assert request.look_again_at is None
    assert "approval is missing" in request.why or "No approval policy" in request.why
    assert not Run.objects.exists()
    assert verbs(request)[-1] == "request.sent_back"


def test_earlier_decisions_count_when_more_are_wanted(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    factories.policy("Two", stages=[(2, "approver")])
    start(stage, request)
    assert cast.approve(request, by=cast.second).state == RequestState.APPROVED
    assert start(stage, request).state == RequestState.RUNNING


def test_when_less_is_wanted_somebody_says_so_once_more(
    stage: Stage, cast: Cast
) -> None:
    policy = factories.policy("Two", stages=[(2, "approver")])
    request = cast.approve(cast.ask(stage))
    assert request.state == RequestState.REQUESTED
    policy.delete()
    assert cast.approve(request).state == RequestState.APPROVED


def test_an_approval_lapses(stage: Stage, cast: Cast) -> None:
    factories.policy("Short", approval_hours=2)
    later = stage.time + timedelta(hours=3)
    request = cast.approved(stage, window_start=later)
    stage.later(hours=3, seconds=1)
    assert start(stage, request).state == RequestState.REQUESTED
    assert "1 of its approvals expired" in request.why
    assert cast.approve(request).state == RequestState.APPROVED
    assert start(stage, request).state == RequestState.RUNNING


def test_a_request_expires_as_its_policy_has_it(stage: Stage, cast: Cast) -> None:
    factories.policy("Soon", request_hours=5)
    request = cast.ask(stage)
    assert request.expires_at == stage.time + timedelta(hours=5)


def test_who_was_made_superuser_meanwhile_does_not_count(
    stage: Stage, cast: Cast
) -> None:
    request = cast.approved(stage)
    User.objects.filter(pk=cast.approver.pk).update(is_superuser=True)
    assert start(stage, request).state == RequestState.REQUESTED


def test_who_has_left_the_group_since_does_not_count(stage: Stage, cast: Cast) -> None:
    board = member("boris", "board")
    factories.policy("Board", stages=[(1, "board")])
    request = cast.approve(cast.ask(stage), by=board)
    assert request.state == RequestState.APPROVED
    board.groups.remove(Group.objects.get(name="board"))
    assert start(stage, request).state == RequestState.REQUESTED
    assert "has left board since" in request.why


def test_a_place_is_known_by_the_inventory(stage: Stage, cast: Cast) -> None:
    cloud = factories.cloud()
    factories.hypervisor(stage.source, cloud=cloud, zone="OS1", aggregates=["ssd"])
    factories.hypervisor(stage.target, cloud=cloud, zone="OS2", aggregates=["gpu"])
    factories.instance("web", uuid=stage.server, project_name="shop")
    request = cast.ask(stage)
    found = in_force.in_force(evaluate.moves_of(request, stage.time), Since())
    assert found is not None
    (facts,) = found.facts
    assert facts.zones == {"OS1", "OS2"}
    assert facts.aggregates == {"ssd", "gpu"}
    assert "shop" in facts.projects
    assert not facts.any_place
    factories.policy("GPU", stages=[(3, "approver")], aggregates=["gpu"])
    assert approvals_needed(request) == 3


def test_a_window_makes_a_difference(stage: Stage, cast: Cast) -> None:
    factories.policy("Outside", stages=[(2, "approver")], window="outside")
    request = cast.ask(stage)
    assert approvals_needed(request) == 2


# -- policies are versions -----------------------------------------------------------


@pytest.fixture
def admin() -> User:
    return factories.person("ada", staff=True)


RULE: dict[str, Any] = {"stages": [{"groups": ["approver"], "approvers": 2}]}


def made(admin: User, **fields: Any) -> ApprovalPolicy:
    said = {"name": "Mine", "weight": 5, "rule": RULE, "note": "Why not.", **fields}
    return decided.confirmed(approval_policies.create(by=admin, **said))


def test_every_version_of_a_policy_stays(admin: User) -> None:
    row = made(admin)
    rule = {**row.rule, "hosts": ["compute-*"]}
    said: dict[str, Any] = {
        "by": admin,
        "name": "Mine",
        "weight": 6,
        "note": "Narrower.",
    }
    said |= {"version": 1, "active": True, "rule": rule}
    row = decided.confirmed(approval_policies.change(row.pk, **said))
    retired = approval_policies.retire(row.pk, by=admin, version=2, note="No more.")
    row = decided.confirmed(retired)
    assert [v.number for v in row.versions.all()] == [3, 2, 1]
    assert [v.rule["active"] for v in row.versions.all()] == [False, True, True]
    assert last_entry("policy.created").after["name"] == "Mine"
    entry = last_entry("policy.changed")
    assert (entry.before["hosts"], entry.after["hosts"]) == ([], ["compute-*"])
    assert last_entry("policy.retired").after["active"] is False


def test_two_who_change_a_policy_at_once_do_not_overwrite(admin: User) -> None:
    row = made(admin)
    retired = approval_policies.retire(row.pk, by=admin, version=1, note="No.")
    decided.confirmed(retired)
    with pytest.raises(TooLate, match="changed by somebody else meanwhile"):
        approval_policies.change(
            row.pk,
            by=admin,
            version=1,
            name="Mine",
            weight=7,
            active=True,
            rule=row.rule,
            note="Yes.",
        )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, "has a name"),
        ({"name": "Standard"}, "called “Standard” already"),
        ({"note": ""}, "Give a reason"),
        ({"rule": {"stages": []}}, "who must approve"),
        (
            {"rule": {"stages": [{"groups": ["ghosts"], "approvers": 1}]}},
            "no group ghosts",
        ),
    ],
)
def test_a_policy_must_make_sense(
    admin: User, fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(Unfit, match=words):
        made(admin, **fields)


def test_it_takes_staff_with_the_permission(cast: Cast) -> None:
    with pytest.raises(NotAllowed, match="staff account"):
        made(cast.operator)
    plain = factories.person("sten", "approver")
    plain.is_staff = True
    plain.save()
    with pytest.raises(NotAllowed, match="staff account"):
        made(plain)


def test_a_stage_that_nobody_can_fill_is_told(cast: Cast) -> None:
    Group.objects.create(name="board")
    row = factories.policy("Board", stages=[(2, "approver"), (1, "board")])
    found = approval_policies.too_few(in_force.rule_of(row))
    assert len(found) == 1
    assert "Stage 2 requires 1 of board, but only 0" in found[0]


def test_the_first_policies_are_what_was_so_before(stage: Stage, cast: Cast) -> None:
    assert {row.name for row in ApprovalPolicy.objects.all()} == {
        "Standard",
        "Dangerous procedures",
    }
    request = cast.ask(stage)
    needed = {}
    for procedure in ("live", "cold", "cold_by_disabling", "manual"):
        request.procedure = procedure
        needed[procedure] = approvals_needed(request)
    assert needed == {"live": 1, "cold": 1, "cold_by_disabling": 2, "manual": 2}

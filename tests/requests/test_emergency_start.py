"""Emergency start: no approvals, no window, but the pre-flight, and a review."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from migrations_app.access.permissions import person
from migrations_app.errors import NotAllowed, TooLate, Unfit
from migrations_app.models import BrokenGlass, MigrationRequest, Run
from migrations_app.models.states import RequestState
from migrations_app.requests import amend as request_amend
from migrations_app.requests import emergency_start
from migrations_app.requests import start as request_start
from migrations_app.requests.approvals import policies as approval_policies
from tests import factories
from tests.cast import Cast, last_entry, verbs
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def start_now(
    request: MigrationRequest, by: User, reason: str = "The host is on fire."
) -> MigrationRequest:
    request.refresh_from_db()
    digest = request.plan_digest
    return emergency_start.start(request.pk, by=by, plan_digest=digest, reason=reason)


def test_it_starts_at_once_without_approvals_or_window(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage, window_start=stage.time + timedelta(hours=4))
    request = start_now(request, cast.operator)
    assert request.state == RequestState.APPROVED
    assert request_start.start_due(stage.time) == 1
    assert Run.objects.get().request == request
    assert verbs(request) == ["request.asked", "request.glass_broken", "run.started"]
    entry = last_entry("request.glass_broken")
    assert (entry.actor_name, entry.note) == ("operator", "The host is on fire.")
    assert last_entry("run.started").after["by"] == "operator"


def test_an_approved_request_need_not_wait_for_its_window(
    stage: Stage, cast: Cast
) -> None:
    request = cast.approved(stage, window_start=stage.time + timedelta(hours=4))
    assert request_start.start_due(stage.time) == 0
    start_now(request, cast.operator)
    assert request_start.start_due(stage.time) == 1


def test_the_pre_flight_is_never_passed_over(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    stage.cloud.edit_host(stage.target, up=False)
    with pytest.raises(TooLate, match="The plan changed"):
        start_now(request, cast.operator)
    with pytest.raises(Unfit, match="is down"):
        start_now(request, cast.operator)
    assert not BrokenGlass.objects.exists()


def test_it_is_for_that_plan_only(stage: Stage, cast: Cast) -> None:
    request = start_now(cast.ask(stage), cast.operator)
    stage.cloud.edit(stage.server, locked=True)
    assert request_start.start_due(stage.time) == 0
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
    assert rulings_say_no(request)
    start_now(request, cast.operator)
    assert request_start.start_due(stage.time) == 1


def rulings_say_no(request: MigrationRequest) -> bool:
    return not request.broken_glass.filter(plan_digest=request.plan_digest).exists()


def test_once_broken_for_an_older_plan_it_is_no_right_to_start(
    stage: Stage, cast: Cast
) -> None:
    request = start_now(cast.ask(stage), cast.operator)
    digest = request.plan_digest
    said: dict[str, Any] = {
        "note": "Clearer.",
        "changes": {"reason": "It is to be mended."},
    }
    request_amend.amend(request.pk, by=cast.requester, plan_digest=digest, **said)
    assert cast.approve(request).state == RequestState.APPROVED
    factories.policy("Two", stages=[(2, "approver")])
    assert request_start.start_due(stage.time) == 0
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED


@pytest.mark.parametrize("who", ["requester", "approver", "auditor", "nobody"])
def test_it_takes_an_operator(stage: Stage, cast: Cast, who: str) -> None:
    with pytest.raises(NotAllowed):
        start_now(cast.ask(stage), getattr(cast, who))


def test_it_needs_a_reason(stage: Stage, cast: Cast) -> None:
    with pytest.raises(Unfit, match="reason for the emergency"):
        start_now(cast.ask(stage), cast.operator, " ")


def test_a_policy_may_forbid_it(stage: Stage, cast: Cast) -> None:
    factories.policy("Never", break_glass=False)
    with pytest.raises(NotAllowed, match="does not permit an emergency start"):
        start_now(cast.ask(stage), cast.operator)


def test_a_policy_that_forbids_it_before_it_began_counts(
    stage: Stage, cast: Cast
) -> None:
    row = factories.policy("Never")
    request = start_now(cast.ask(stage), cast.operator)
    rule = {**row.rule, "break_glass": False}
    said: dict[str, Any] = {"name": row.name, "weight": row.weight, "active": True}
    ada = factories.person("ada", staff=True)
    approval_policies.change(
        row.pk, by=ada, version=1, rule=rule, note="Never.", **said
    )
    assert request_start.start_due(stage.time) == 0
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
    assert "a policy does not permit it" in request.why


def test_it_breaks_once(stage: Stage, cast: Cast) -> None:
    request = start_now(cast.ask(stage), cast.operator)
    with pytest.raises(TooLate, match="requested already"):
        start_now(request, cast.operator)


def test_somebody_who_had_no_part_in_it_reviews_it_once(
    stage: Stage, cast: Cast
) -> None:
    asker = factories.person("arne", "requester", "approver")
    cast.operator.groups.add(Group.objects.get(name="approver"))
    root = factories.person("root", "approver", staff=True)
    request = start_now(cast.ask(stage, by=asker), cast.operator)
    for who in (asker, cast.operator, root, cast.auditor):
        with pytest.raises(NotAllowed):
            emergency_start.review(request.pk, by=who, note="Fine by me.")
    with pytest.raises(Unfit):
        emergency_start.review(request.pk, by=cast.approver, note="")
    assert emergency_start.unreviewed().count() == 1
    emergency_start.review(request.pk, by=cast.approver, note="It really burnt.")
    assert not emergency_start.unreviewed().exists()
    assert last_entry("request.glass_reviewed").note == "It really burnt."
    with pytest.raises(TooLate, match="no emergency start to review"):
        emergency_start.review(request.pk, by=cast.second, note="Me too.")


def test_who_edited_the_request_does_not_review_its_start(
    stage: Stage, cast: Cast
) -> None:
    editor = factories.person("edda", "operator", "approver")
    request = cast.ask(stage)
    request_amend.amend(
        request.pk,
        by=editor,
        plan_digest=request.plan_digest,
        note="Later is better.",
        changes={"window_start": stage.time + timedelta(hours=4)},
    )
    start_now(request, cast.operator)
    with pytest.raises(NotAllowed, match="You edited this request"):
        emergency_start.review(request.pk, by=editor, note="Fine by me.")
    assert emergency_start.unreviewed().count() == 1


def test_who_was_refused_cannot_break_it_for_what_is_over(
    stage: Stage, cast: Cast
) -> None:
    run = cast.run(stage)
    with pytest.raises(TooLate, match="no longer possible"):
        start_now(run.request, cast.operator)


def test_who_is_no_operator_any_more_breaks_no_glass(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    person(cast.operator)  # read here, as at the beginning of the action
    cast.operator.groups.clear()
    with pytest.raises(NotAllowed, match="need the role operator"):
        start_now(request, cast.operator)
    assert not BrokenGlass.objects.exists()

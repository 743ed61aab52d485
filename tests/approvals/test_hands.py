"""Who has a hand in a request never decides on it, and no rule gets laxer for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from migrations_app.access.permissions import current_person
from migrations_app.errors import NotAllowed, NovawebError
from migrations_app.models import ApprovalPolicy, MigrationRequest, Window
from migrations_app.models.states import RequestState
from migrations_app.requests import amend as request_amend
from migrations_app.requests import emergency_start
from migrations_app.requests import queries as request_queries
from migrations_app.requests import start as request_start
from migrations_app.requests.approvals import evaluate
from migrations_app.requests.approvals import policies as approval_policies
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows.actions import Wish
from tests import factories
from tests.approvals.decided import confirmed
from tests.cast import Cast
from tests.counted_approvals import approvals_needed
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def edit(request: MigrationRequest, by: User, **changes: Any) -> None:
    request.refresh_from_db()
    digest = request.plan_digest
    request_amend.amend(
        request.pk, by=by, plan_digest=digest, note="So.", changes=changes
    )


def window(now: datetime, by: User, kind: str = "maintenance", **more: Any) -> Window:
    starts = (now - timedelta(minutes=5)).replace(tzinfo=None, microsecond=0)
    wish = Wish("W", kind, starts, starts + timedelta(hours=4), "So.", "UTC", **more)
    return window_actions.create(wish, by=by)


def staff(name: str, *roles: str) -> User:
    """Return a staff account that may change policies, and no superuser."""
    user = factories.person(name, *roles)
    user.is_staff = True
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="change_approvalpolicy"))
    return user


def change_policy(row: ApprovalPolicy, by: User, approvers: int) -> None:
    row.refresh_from_db()
    stages = [{"groups": ["approver"], "approvers": approvers}]
    changed = approval_policies.change(
        row.pk,
        by=by,
        version=row.version,
        name=row.name,
        weight=row.weight,
        active=True,
        rule={**row.rule, "stages": stages},
        note="So.",
    )
    confirmed(changed)


def refused(cast: Cast, request: MigrationRequest, by: User) -> str:
    with pytest.raises(NovawebError) as caught:
        cast.approve(request, by=User.objects.get(pk=by.pk))
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
    return caught.value.sentence


# -- what they did to the request ------------------------------------------------------


def test_whoever_edited_it_once_does_not_approve_it(stage: Stage, cast: Cast) -> None:
    both = factories.person("both", "operator", "approver")
    request = cast.ask(stage)
    edit(request, both, ticket="OPS-1")
    edit(request, cast.operator, ticket="OPS-2")
    assert "You edited this request" in refused(cast, request, both)
    assert request not in request_queries.waiting_for(current_person(both))
    assert cast.approve(request).state == RequestState.APPROVED


def test_whoever_edited_it_once_does_not_review_its_emergency_start(
    stage: Stage, cast: Cast
) -> None:
    both = factories.person("both", "operator", "approver")
    request = cast.ask(stage)
    edit(request, both, ticket="OPS-1")
    edit(request, cast.operator, ticket="OPS-2")
    request.refresh_from_db()
    emergency_start.start(
        request.pk, by=cast.operator, plan_digest=request.plan_digest, reason="Fire."
    )
    assert request_start.start_due(stage.time) == 1
    with pytest.raises(NotAllowed, match="You edited this request: another person"):
        emergency_start.review(request.pk, by=both, note="Fine.")
    emergency_start.review(request.pk, by=cast.approver, note="Fine.")


def test_nothing_is_approved_whose_requester_is_not_known(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    User.objects.filter(pk=cast.requester.pk).delete()
    again = factories.person("requester", "requester", "approver")
    assert "was deleted" in refused(cast, request, again)
    assert "request it again" in refused(cast, request, cast.approver)


def test_who_has_the_name_of_an_editor_who_is_gone_does_not_approve(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    edit(request, cast.operator, ticket="OPS-1")
    edit(request, cast.requester, ticket="OPS-2")
    User.objects.filter(pk=cast.operator.pk).delete()
    again = factories.person("operator", "approver")
    assert "You edited this request" in refused(cast, request, again)


# -- what they did to the rules --------------------------------------------------------


def test_a_window_made_later_lowers_nothing(stage: Stage, cast: Cast) -> None:
    factories.policy("Outside", stages=[(2, "approver")], window="outside")
    request = cast.ask(stage)
    window(stage.time, cast.operator)
    assert approvals_needed(request) == 2
    assert cast.approve(request).state == RequestState.REQUESTED
    assert "when this was requested" in request_text(request)
    assert cast.approve(request, by=cast.second).state == RequestState.APPROVED
    # for what is requested from now on it counts
    assert approvals_needed(later_request(request)) == 1


def request_text(request: MigrationRequest) -> str:
    found = evaluate.approval_status_of(request)
    return found.sentence if found else ""


def later_request(request: MigrationRequest) -> MigrationRequest:
    """Return the same wish, as if it were asked for now."""
    request.refresh_from_db()
    request.pk = None
    return request


def test_a_window_that_was_there_counts(stage: Stage, cast: Cast) -> None:
    factories.policy("Outside", stages=[(2, "approver")], window="outside")
    window(stage.time, cast.approver)
    request = cast.ask(stage)
    assert approvals_needed(request) == 1
    assert cast.approve(request).state == RequestState.APPROVED


def test_a_window_that_is_retired_makes_it_stricter(stage: Stage, cast: Cast) -> None:
    factories.policy("Outside", stages=[(2, "approver")], window="outside")
    row = window(stage.time, cast.operator)
    request = cast.approved(stage)
    window_actions.retire(row.pk, by=cast.operator, note="No more.")
    request_start.start_due(stage.time)
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED


def test_who_retires_a_freeze_over_it_does_not_approve_it(
    stage: Stage, cast: Cast
) -> None:
    freeze = window(stage.time, cast.operator, kind="freeze")
    request = cast.ask(stage)
    cast.approve(request)
    window_actions.retire(freeze.pk, by=cast.approver, note="No more.")
    request_start.start_due(stage.time)
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
    assert "approver retired the freeze “W”" in request.why
    assert "You retired the freeze" in refused(cast, request, cast.approver)
    assert cast.approve(request, by=cast.second).state == RequestState.APPROVED


@pytest.mark.parametrize("scope", [{"hosts": ("elsewhere",)}, {"starts": -400}])
def test_a_freeze_that_makes_no_difference_to_it_is_nobodys_hand(
    stage: Stage, cast: Cast, scope: dict[str, Any]
) -> None:
    past = scope.pop("starts", 0)
    freeze = window(
        stage.time + timedelta(days=past), cast.operator, kind="freeze", **scope
    )
    request = cast.ask(stage)
    window_actions.retire(freeze.pk, by=cast.approver, note="No more.")
    assert cast.approve(request).state == RequestState.APPROVED


def test_a_freeze_made_later_is_nobodys_hand(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    window(stage.time, cast.approver, kind="freeze")
    assert cast.approve(request).state == RequestState.APPROVED


def test_a_window_that_no_policy_asks_for_is_nobodys_hand(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    window(stage.time, cast.approver)
    assert cast.approve(request).state == RequestState.APPROVED


def test_who_makes_a_window_that_a_policy_asks_for_does_not_approve(
    stage: Stage, cast: Cast
) -> None:
    factories.policy("Outside", stages=[(2, "approver")], window="outside")
    request = cast.ask(stage)
    window(stage.time, cast.approver)
    sentence = refused(cast, request, cast.approver)
    assert "You created the maintenance window “W”" in sentence


def test_a_policy_made_laxer_stays_as_it_was_for_it(stage: Stage, cast: Cast) -> None:
    setter = staff("setter", "approver")
    row = factories.policy("Two", stages=[(2, "approver")])
    request = cast.ask(stage)
    assert cast.approve(request, by=setter).state == RequestState.REQUESTED
    change_policy(row, factories.person("root", staff=True), 1)
    assert approvals_needed(request) == 2
    assert cast.approve(request).state == RequestState.APPROVED


def test_who_changes_the_policy_of_it_does_not_approve_it(
    stage: Stage, cast: Cast
) -> None:
    setter = staff("setter", "approver")
    row = factories.policy("One", stages=[(1, "approver")])
    request = cast.ask(stage)
    assert cast.approve(request, by=setter).state == RequestState.APPROVED
    change_policy(row, setter, 2)
    change_policy(row, factories.person("root", staff=True), 1)
    request_start.start_due(stage.time)
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
    assert "setter changed the policy “One” after it was requested" in request.why
    assert "You changed the policy" in refused(cast, request, setter)


def test_a_policy_for_other_moves_is_nobodys_hand(stage: Stage, cast: Cast) -> None:
    setter = staff("setter", "approver")
    row = factories.policy("Other", stages=[(1, "approver")], procedures=["cold"])
    request = cast.ask(stage)
    change_policy(row, setter, 2)
    assert cast.approve(request, by=setter).state == RequestState.APPROVED


def test_an_entry_without_the_number_of_its_policy_is_read_too(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approval_policies, "_entry", approval_policies.told)
    root = factories.person("root", staff=True)
    made = approval_policies.create(
        by=root,
        name="Mine",
        weight=9,
        rule={"stages": [{"groups": ["approver"], "approvers": 2}]},
        note="So.",
    )
    row = confirmed(made)
    request = cast.ask(stage)
    change_policy(row, root, 1)
    assert approvals_needed(request) == 2

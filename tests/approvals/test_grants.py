"""An approval that rests on what somebody gave since it was requested, and on whom."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User

from migrations_app.audit.account_changes import (
    AccountSnapshot,
    record_changes,
    set_own_password,
)
from migrations_app.errors import NotAllowed
from migrations_app.models.states import RequestState
from migrations_app.requests import emergency_start
from migrations_app.requests import start as request_start
from tests import factories
from tests.approvals.test_hands import refused
from tests.cast import Cast
from tests.confirmed import confirm
from tests.counted_approvals import approvals
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def give(name: str, *roles: str, by: User | None) -> None:
    """Give an account roles, as the admin or (by nobody) a command does."""
    user = User.objects.get(username=name)
    before = AccountSnapshot.take(user)
    user.groups.add(*(Group.objects.get_or_create(name=role)[0] for role in roles))
    record_changes(before, AccountSnapshot.take(user), by=by)


def test_whom_the_requester_made_an_approver_does_not_count(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    give("nobody", "approver", by=cast.requester)
    sentence = refused(cast, request, cast.nobody)
    assert "put nobody into approver after it was requested" in sentence


def test_who_made_somebody_an_approver_does_not_approve_beside_them(
    stage: Stage, cast: Cast
) -> None:
    factories.policy("Two", stages=[(2, "approver")])
    request = cast.ask(stage)
    cast.approve(request)
    give("nobody", "approver", by=cast.approver)
    assert cast.approve(request, by=cast.nobody).state == RequestState.REQUESTED
    assert [each.name for each in approvals(request)] == ["nobody"]
    assert cast.approve(request, by=cast.second).state == RequestState.APPROVED


def test_two_whom_a_superuser_made_approvers_count_once(
    stage: Stage, cast: Cast
) -> None:
    root = factories.person("root", staff=True)
    factories.policy("Two", stages=[(2, "approver")])
    request = cast.ask(stage)
    for name in ("nobody", "auditor"):
        give(name, "approver", by=root)
        cast.approve(request, by=User.objects.get(username=name))
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
    assert len(approvals(request)) == 1


def test_who_became_approver_by_nobody_knows_whom_does_not_count(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    give("nobody", "approver", by=None)
    assert "not known which person" in refused(cast, request, cast.nobody)


def test_a_password_set_by_the_requester_makes_an_approval_theirs(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    before = AccountSnapshot.take(cast.approver)
    cast.approver.set_password("another long enough phrase")
    cast.approver.save()
    after = AccountSnapshot.take(cast.approver)
    record_changes(before, after, by=cast.requester)
    set_own_password(cast.approver, "a phrase of the approver's own", here="")
    confirm(cast.approver, by=factories.person("ruth", staff=True))
    assert "changed the account of approver" in refused(cast, request, cast.approver)


def test_who_changes_their_own_password_counts(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    before = AccountSnapshot.take(cast.approver)
    cast.approver.set_password("another long enough phrase")
    cast.approver.save()
    record_changes(before, AccountSnapshot.take(cast.approver), by=cast.approver)
    assert cast.approve(request).state == RequestState.APPROVED


def test_a_group_renamed_into_a_stage_makes_no_approvers(
    stage: Stage, cast: Cast
) -> None:
    row = Group.objects.create(name="friends")
    cast.approver.groups.add(row)
    factories.policy("Board", stages=[(1, "board")])
    Group.objects.create(name="board")
    request = cast.ask(stage)
    Group.objects.filter(name="board").update(name="old board")
    before = AccountSnapshot.take(row)
    Group.objects.filter(pk=row.pk).update(name="board")
    after = AccountSnapshot.take(Group.objects.get(pk=row.pk))
    record_changes(before, after, by=cast.requester)
    assert "put people into board" in refused(cast, request, cast.approver)


def test_whom_the_operator_made_an_approver_after_the_start_does_not_review_it(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    emergency_start.start(
        request.pk, by=cast.operator, plan_digest=request.plan_digest, reason="Fire."
    )
    assert request_start.start_due(stage.time) == 1
    give("nobody", "approver", by=cast.operator)
    with pytest.raises(NotAllowed, match="operator made its emergency start, and put"):
        emergency_start.review(request.pk, by=cast.nobody, note="Fine.")
    emergency_start.review(request.pk, by=cast.approver, note="Fine.")

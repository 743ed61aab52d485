"""An approval ends with the right that it was given by, and does not come back with it.

An account is mostly switched off because somebody else has it. What that somebody
approved must not count when its owner has it again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User

from migrations_app.audit import second_factor_actions
from migrations_app.audit.account_changes import (
    AccountSnapshot,
    record_changes,
    set_own_password,
)
from migrations_app.models import Run
from migrations_app.models.states import RequestState
from migrations_app.requests import emergency_start
from migrations_app.requests import start as request_start
from migrations_app.requests.approvals import delegations as approval_delegations
from tests import factories
from tests.cast import Cast
from tests.one_time_codes import Clock, app_of
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def root() -> User:
    return factories.person("root", staff=True)


def changed(user: User, change: Callable[[User], object], *, by: User) -> None:
    """Change the account as the admin does."""
    before = AccountSnapshot.take(user)
    change(user)
    user.save()
    record_changes(before, AccountSnapshot.take(user), by=by)


def off_and_on(user: User, root: User) -> None:
    changed(user, lambda it: setattr(it, "is_active", False), by=root)
    changed(user, lambda it: setattr(it, "is_active", True), by=root)


def out_and_in(user: User, root: User) -> None:
    approvers = Group.objects.get(name="approver")
    changed(user, lambda it: it.groups.remove(approvers), by=root)
    changed(user, lambda it: it.groups.add(approvers), by=root)


def new_password(user: User, root: User) -> None:
    changed(user, lambda it: it.set_password("another long enough phrase"), by=root)


def without_factor(user: User, root: User) -> None:
    second_factor_actions.take_away(user, by=root)


@pytest.mark.parametrize(
    "ended", [off_and_on, out_and_in, new_password, without_factor]
)
def test_what_was_approved_before_the_right_ended_starts_nothing(
    stage: Stage,
    cast: Cast,
    root: User,
    ended: Callable[[User, User], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Clock(monkeypatch)
    app_of(cast.approver)
    request = cast.approved(stage)

    ended(cast.approver, root)

    assert request_start.start_due(stage.time) == 0
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
    assert "The approval by approver does not count" in request.why
    assert "after that" in request.why
    assert not Run.objects.exists()


def test_nor_what_was_approved_by_delegation(
    stage: Stage, cast: Cast, root: User
) -> None:
    approval_delegations.delegate(
        by=cast.approver,
        to="auditor",
        starts_at=stage.time,
        ends_at=stage.time + timedelta(hours=2),
        reason="Away.",
    )
    request = cast.approve(cast.ask(stage), by=cast.auditor)

    off_and_on(cast.auditor, root)

    assert request_start.start_due(stage.time) == 0
    request.refresh_from_db()
    assert "auditor for approver does not count" in request.why


def test_nor_what_was_started_in_an_emergency(
    stage: Stage, cast: Cast, root: User
) -> None:
    request = cast.ask(stage)
    said = {"plan_digest": request.plan_digest, "reason": "Fire."}
    emergency_start.start(request.pk, by=cast.operator, **said)

    off_and_on(cast.operator, root)

    assert request_start.start_due(stage.time) == 0
    request.refresh_from_db()
    assert "The emergency start by operator does not count" in request.why


def test_who_has_the_right_again_may_approve_again(
    stage: Stage, cast: Cast, root: User
) -> None:
    request = cast.approved(stage)
    off_and_on(cast.approver, root)
    request_start.start_due(stage.time)

    cast.approve(request, by=User.objects.get(pk=cast.approver.pk))

    assert request_start.start_due(stage.time) == 1


def test_who_changes_their_own_password_or_other_groups_approved_all_the_same(
    stage: Stage, cast: Cast, root: User
) -> None:
    others = Group.objects.create(name="others")
    cast.approver.groups.add(others)
    request = cast.approved(stage)

    set_own_password(cast.approver, "a phrase of the approver's own", here="")
    changed(cast.approver, lambda it: it.groups.remove(others), by=root)

    assert request_start.start_due(stage.time) == 1
    request.refresh_from_db()
    assert request.state == RequestState.RUNNING

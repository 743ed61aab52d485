"""An approver's say in other hands: for a time, counted once, never handed further."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from migrations_app.access.permissions import Verb, person
from migrations_app.errors import NotAllowed, TooLate, Unfit
from migrations_app.models import Delegation
from migrations_app.models.states import RequestState
from migrations_app.requests import actions as request_actions
from migrations_app.requests.approvals import delegations as approval_delegations
from tests import factories
from tests.cast import Cast, last_entry
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def again(user: User) -> User:
    """Return the person as they come back later: what they may is read anew."""
    return User.objects.get(pk=user.pk)


def hand_on(stage: Stage, by: User, to: User, **fields: Any) -> Delegation:
    said = {
        "starts_at": stage.time,
        "ends_at": stage.time + timedelta(days=2),
        "reason": "On leave.",
        **fields,
    }
    return approval_delegations.delegate(by=by, to=to.get_username(), **said)


def test_the_taker_decides_for_the_giver(stage: Stage, cast: Cast) -> None:
    hand_on(stage, cast.approver, cast.operator)
    request = cast.approve(cast.ask(stage), by=again(cast.operator))
    assert request.state == RequestState.APPROVED
    decision = request.decisions.get()
    assert (decision.by_name, decision.on_behalf_of_name) == ("operator", "approver")
    assert last_entry("request.approved").after["on_behalf_of"] == "approver"
    assert last_entry("delegation.made").after["name"] == "operator"


def test_giver_and_taker_count_once(stage: Stage, cast: Cast) -> None:
    factories.policy("Two", stages=[(2, "approver")])
    hand_on(stage, cast.approver, cast.operator)
    request = cast.approve(cast.ask(stage), by=again(cast.operator))
    with pytest.raises(TooLate, match="already decided on this plan"):
        cast.approve(request, by=again(cast.approver))
    assert cast.approve(request, by=cast.second).state == RequestState.APPROVED


def test_it_is_not_handed_further(stage: Stage, cast: Cast) -> None:
    hand_on(stage, cast.approver, cast.operator)
    with pytest.raises(NotAllowed):
        hand_on(stage, again(cast.operator), cast.auditor)
    hand_on(stage, cast.approver, cast.second)
    hand_on(stage, again(cast.second), cast.auditor)
    taker = again(cast.auditor)
    request = cast.approve(cast.ask(stage), by=taker)
    assert request.decisions.get().on_behalf_of_name == "second"


def test_the_asker_s_own_say_does_not_come_back_in_other_hands(
    stage: Stage, cast: Cast
) -> None:
    asker = factories.person("arne", "requester", "approver")
    hand_on(stage, asker, cast.operator)
    request = cast.ask(stage, by=asker)
    with pytest.raises(NotAllowed, match="cannot approve at this stage"):
        cast.approve(request, by=again(cast.operator))


def test_the_asker_cannot_take_somebody_s_say(stage: Stage, cast: Cast) -> None:
    hand_on(stage, cast.approver, cast.requester)
    with pytest.raises(NotAllowed, match="You requested this move"):
        cast.approve(cast.ask(stage), by=again(cast.requester))


@pytest.mark.parametrize("when", ["before", "after", "revoked", "not an approver"])
def test_it_is_for_its_time_only(stage: Stage, cast: Cast, when: str) -> None:
    begins = stage.time + timedelta(hours=1)
    row = hand_on(stage, cast.approver, cast.operator, starts_at=begins)
    request = cast.ask(stage)
    match when:
        case "after":
            stage.later(days=2)
        case "revoked":
            stage.later(hours=2)
            approval_delegations.revoke(row.pk, by=cast.approver)
        case "not an approver":
            stage.later(hours=2)
            cast.approver.groups.clear()
    with pytest.raises(NotAllowed):
        cast.approve(request, by=again(cast.operator))


def test_what_was_decided_stands_when_it_is_revoked(stage: Stage, cast: Cast) -> None:
    row = hand_on(stage, cast.approver, cast.operator)
    request = cast.approve(cast.ask(stage), by=again(cast.operator))
    approval_delegations.revoke(row.pk, by=cast.operator)
    with pytest.raises(TooLate, match="ended already"):
        approval_delegations.revoke(row.pk, by=cast.operator)
    request.refresh_from_db()
    assert request.state == RequestState.APPROVED
    with pytest.raises(NotAllowed, match="Only the approver"):
        approval_delegations.revoke(row.pk, by=cast.auditor)


@pytest.mark.parametrize("permission", ["auth.change_user", "every one"])
def test_who_administers_accounts_ends_one_without_any_role(
    stage: Stage, cast: Cast, permission: str
) -> None:
    row = hand_on(stage, cast.approver, cast.operator)
    root = factories.person("root", staff=True)
    if permission != "every one":
        root.is_superuser = False
        root.save()
        root.user_permissions.add(Permission.objects.get(codename="change_user"))
    client = Client()
    client.force_login(root)
    page = client.get("/delegations/").content.decode()
    assert f'action="/delegations/{row.pk}/revoke/"' in page

    answer = client.post(f"/delegations/{row.pk}/revoke/")

    assert answer.status_code == 302
    assert last_entry("delegation.revoked").actor_name == "root"
    row.refresh_from_db()
    assert row.revoked_by_name == "root"
    assert not person(again(cast.operator)).delegated


def test_staff_that_administers_neither_sees_none(stage: Stage, cast: Cast) -> None:
    row = hand_on(stage, cast.approver, cast.operator)
    staff = factories.person("clerk")
    staff.is_staff = True
    staff.save()
    client = Client()
    client.force_login(staff)

    assert client.get("/delegations/").status_code == 403
    assert client.post(f"/delegations/{row.pk}/revoke/").status_code == 403


def test_the_taker_rejects_for_the_giver(stage: Stage, cast: Cast) -> None:
    hand_on(stage, cast.approver, cast.operator)
    request = cast.ask(stage)
    request = request_actions.reject(request.pk, by=again(cast.operator), note="No.")
    assert request.decisions.get().on_behalf_of_name == "approver"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ends_at": timedelta(0)}, "before the start"),
        ({"starts_at": timedelta(-3), "ends_at": timedelta(-1)}, "in the past"),
        ({"ends_at": timedelta(days=93)}, "at most 92 days"),
        ({"reason": ""}, "Give a reason"),
        ({"to": "nemo"}, "no account called"),
        ({"to": "approver"}, "another person"),
        ({"to": "nobody"}, "has no role"),
        ({"to": "root"}, "superuser"),
    ],
)
def test_it_must_make_sense(
    stage: Stage, cast: Cast, fields: dict[str, Any], words: str
) -> None:
    factories.person("root", "auditor", staff=True)
    spans = {k: stage.time + v for k, v in fields.items() if isinstance(v, timedelta)}
    said = {
        "to": "operator",
        "starts_at": stage.time,
        "ends_at": stage.time + timedelta(days=2),
        "reason": "On leave.",
        **fields,
        **spans,
    }
    with pytest.raises(Unfit, match=words):
        approval_delegations.delegate(by=cast.approver, **said)
    assert not Delegation.objects.exists()


@pytest.mark.parametrize("decide", [Verb.APPROVE, Verb.REJECT])
def test_a_right_that_is_revoked_while_it_is_used_counts_no_more(
    stage: Stage, cast: Cast, decide: Verb
) -> None:
    row = hand_on(stage, cast.approver, cast.operator)
    request, taker = cast.ask(stage), again(cast.operator)
    person(taker)  # read here, as at the beginning of a decision
    approval_delegations.revoke(row.pk, by=cast.approver)
    with pytest.raises(NotAllowed, match="need the role approver"):
        if decide is Verb.APPROVE:
            cast.approve(request, by=taker)
        else:
            request_actions.reject(request.pk, by=taker, note="No.")
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
    assert not request.decisions.exists()


def test_an_account_that_is_switched_off_meanwhile_decides_no_more(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    person(cast.approver)
    User.objects.filter(pk=cast.approver.pk).update(is_active=False)
    with pytest.raises(NotAllowed, match="need the role approver"):
        cast.approve(request, by=cast.approver)
    assert not request.decisions.exists()

"""Whom an event is for: by role, policy, stage, a say handed on, and by choice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group

from migrations_app.audit import recorder
from migrations_app.models import ApprovalPolicy, Delegation, Delivery, Notice, Webhook
from migrations_app.notifications import dispatch, preferences, webhook_signing
from migrations_app.requests import actions as request_actions
from tests import factories
from tests.cast import Cast
from tests.messages import told
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_nobody_hears_of_what_they_did_themselves(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    request_actions.withdraw(request.pk, by=cast.requester, note="Not needed.")
    dispatch.tell_due(stage.time)

    assert told("withdrawn") == ["approver", "second"]


def test_who_left_or_has_no_role_any_more_hears_nothing(
    stage: Stage, cast: Cast
) -> None:
    cast.second.is_active = False
    cast.second.save()
    cast.approver.groups.clear()
    cast.ask(stage)
    dispatch.tell_due(stage.time)

    assert told("waits") == []


def test_a_choice_of_ones_own_comes_before_that_of_a_group(
    stage: Stage, cast: Cast
) -> None:
    group = Group.objects.get(name="approver")
    preferences.choose_for(
        group.pk, by=cast.operator, wanted={"waits": {"app": "never"}}
    )
    preferences.choose(by=cast.second, wanted={"waits": {"app": "mine", "mail": ""}})
    preferences.choose(by=cast.auditor, wanted={"waits": {"app": "all"}})
    cast.ask(stage)
    dispatch.tell_due(stage.time)

    assert told("waits") == ["auditor", "second"]


def test_the_most_generous_of_several_groups_rules(stage: Stage, cast: Cast) -> None:
    approvers = Group.objects.get(name="approver")
    night = Group.objects.create(name="night")
    cast.second.groups.add(night)
    for group, scope in ((approvers, "never"), (night, "mine")):
        preferences.choose_for(
            group.pk, by=cast.operator, wanted={"waits": {"app": scope}}
        )
    cast.ask(stage)
    dispatch.tell_due(stage.time)

    assert told("waits") == ["second"]


@pytest.mark.parametrize(
    ("group", "events", "gets"),
    [
        ("", ["waits"], 1),
        ("", ["held"], 0),
        ("approver", ["waits"], 1),
        ("auditor", ["waits"], 0),
    ],
)
def test_a_webhook_gets_its_events_and_a_groups_what_concerns_it(
    stage: Stage, cast: Cast, group: str, events: list[str], gets: int
) -> None:
    Webhook.objects.create(
        name="chat",
        url="https://chat.example.org/",
        events=events,
        group=Group.objects.filter(name=group).first(),
        secret=webhook_signing.seal(webhook_signing.new()),
        created_at=stage.time,
    )
    cast.ask(stage)
    dispatch.tell_due(stage.time)

    assert Delivery.objects.filter(channel="webhook").count() == gets


def rule_of(stages: list[dict[str, Any]]) -> None:
    """Have requests need these stages from now on."""
    row = ApprovalPolicy.objects.get(name="Standard")
    row.rule = {**row.rule, "stages": stages}
    row.save()


def test_those_of_the_next_stage_hear_of_it_when_it_begins(
    stage: Stage, cast: Cast
) -> None:
    change = Group.objects.create(name="change")
    cast.second.groups.add(change)
    rule_of(
        [
            {"groups": ["approver"], "approvers": 1},
            {"groups": ["change"], "approvers": 1},
        ]
    )
    cast.second.groups.remove(Group.objects.get(name="approver"))
    third = factories.person("third", "approver")
    third.groups.add(change)
    request = cast.ask(stage)
    dispatch.tell_due(stage.time)
    assert told("waits") == ["approver", "third"]

    cast.approve(request)
    dispatch.tell_due(stage.time)

    assert told("waits") == ["approver", "third", "third"]
    assert told("approved") == ["requester"]
    last = Notice.objects.filter(event="waits").first()
    assert last is not None
    assert "waits for approval in the next stage" in last.text


def test_whoever_holds_the_say_of_an_approver_hears_of_it(
    stage: Stage, cast: Cast
) -> None:
    Delegation.objects.create(
        giver=cast.approver,
        giver_name="approver",
        taker=cast.nobody,
        taker_name="nobody",
        reason="Holiday.",
        starts_at=stage.time,
        ends_at=stage.time + timedelta(days=1),
        made_at=stage.time,
    )
    cast.ask(stage)
    dispatch.tell_due(stage.time)

    assert told("waits") == ["approver", "nobody", "second"]


def test_one_who_would_hear_of_an_entry_twice_hears_once(
    stage: Stage, cast: Cast
) -> None:
    rule_of(
        [
            {"groups": ["approver"], "approvers": 1},
            {"groups": ["approver"], "approvers": 1},
        ]
    )
    preferences.choose(by=cast.second, wanted={"approved": {"app": "all"}})
    request = cast.ask(stage)
    cast.approve(request)
    dispatch.tell_due(stage.time)

    assert told("waits") == ["approver", "second", "second"]
    assert told("approved") == ["requester"]


def test_broken_glass_is_loud(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    recorder.record("request.glass_broken", by=cast.operator, about=request)
    dispatch.tell_due(stage.time)

    assert told("glass") == ["approver", "auditor", "requester", "second"]


def test_owners_are_told_of_what_is_done_with_their_account(
    stage: Stage, cast: Cast
) -> None:
    for by in (cast.operator, cast.requester):
        before, after = {"name": "requester"}, {"name": "requester", "password": "x"}
        recorder.record("account.changed", by=by, before=before, after=after)
    recorder.record("token.created", by=cast.requester)
    dispatch.tell_due(stage.time)

    assert told("account") == ["auditor", "auditor", "requester", "requester"]
    assert told("access") == ["requester"]

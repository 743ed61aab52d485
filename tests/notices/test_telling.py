"""From the trail to people: once, to those whom it is for, and never without cause."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from migrations_app import attest, audit, requests, starts
from migrations_app.errors import Unfit
from migrations_app.models import (
    ApprovalPolicy,
    Delegation,
    Delivery,
    Notice,
    Told,
    Webhook,
)
from migrations_app.notices import choices, secret, telling
from migrations_app.notices.events import EVENTS, OF_VERB
from migrations_app.proof import signing
from tests import factories
from tests.cast import Cast
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def told(event: str) -> list[str]:
    """Who was told of it on the pages, by name."""
    rows = Notice.objects.filter(event=event).select_related("person")
    return sorted(row.person.username for row in rows)


def mailed(event: str) -> list[str]:
    return sorted(
        Delivery.objects.filter(event=event, channel="mail").values_list(
            "to", flat=True
        )
    )


def with_mail(cast: Cast, settings: Any) -> None:
    settings.NOVAWEB_EMAIL_URL = "smtp://127.0.0.1:1"
    for each in (cast.requester, cast.approver, cast.second, cast.operator):
        each.email = f"{each.username}@example.org"
        each.save()


def test_those_who_may_decide_hear_of_a_request_and_who_asked_does_not(
    stage: Stage, cast: Cast, settings: Any
) -> None:
    with_mail(cast, settings)

    request = cast.ask(stage)
    telling.tell_due(stage.time)

    assert told("waits") == ["approver", "second"]
    assert mailed("waits") == ["approver@example.org", "second@example.org"]
    notice = Notice.objects.first()
    assert notice is not None
    assert notice.path == f"/requests/{request.pk}/"
    assert "requester asks to move" in notice.text


def test_who_asked_hears_of_what_becomes_of_it(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    starts.start_due(stage.time)
    telling.tell_due(stage.time)

    for event in ("approved", "ready", "started"):
        assert told(event) == ["requester"]
    assert OF_VERB["request.voided"].key == "voided"
    audit.record("run.held", run=request.run)
    telling.tell_due(stage.time)
    assert told("held") == ["operator", "requester"]


def test_nobody_hears_of_what_they_did_themselves(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    requests.withdraw(request.pk, by=cast.requester, note="Not needed.")
    telling.tell_due(stage.time)

    assert told("withdrawn") == ["approver", "second"]


def test_what_is_rolled_back_is_told_to_nobody(stage: Stage, cast: Cast) -> None:
    class Change(Exception):
        pass

    with pytest.raises(Change), transaction.atomic():
        audit.record("service.disabled", by=cast.requester, source="compute-1")
        raise Change

    assert not telling.is_due()
    assert telling.tell_due(stage.time) == 0
    assert not Notice.objects.exists()


def test_an_entry_is_told_once_however_many_tell_it(stage: Stage, cast: Cast) -> None:
    cast.ask(stage)
    before = Told.objects.get().entry
    assert telling.is_due()

    telling.tell_due(stage.time)
    telling.tell_due(stage.time)

    assert told("waits") == ["approver", "second"]
    assert Told.objects.get().entry > before
    assert not telling.is_due()


def test_of_two_who_tell_at_once_the_slower_writes_nothing(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.ask(stage)
    real = telling._for_all

    def overtaken(*given: Any) -> Any:
        made = real(*given)
        monkeypatch.setattr(telling, "_for_all", real)
        telling.tell_due(stage.time)  # another process, in between
        return made

    monkeypatch.setattr(telling, "_for_all", overtaken)
    telling.tell_due(stage.time)

    assert told("waits") == ["approver", "second"]


def test_a_death_in_the_middle_of_it_loses_nothing(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    with_mail(cast, settings)
    cast.ask(stage)

    def die(*given: Any, **more: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Delivery.objects, "bulk_create", die)
        with pytest.raises(KeyboardInterrupt):
            telling.tell_due(stage.time)
    assert not Notice.objects.exists()

    telling.tell_due(stage.time)
    assert told("waits") == ["approver", "second"]
    assert len(mailed("waits")) == 2


def test_it_tells_more_than_fits_in_one_transaction(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "BATCH", 3)
    for _ in range(8):
        audit.record("service.disabled", source="compute-1")

    telling.tell_due(stage.time)

    assert told("service") == ["operator"] * 8


def test_a_verb_that_is_no_event_is_passed_over(stage: Stage, cast: Cast) -> None:
    audit.record("console.opened", by=cast.operator)
    telling.tell_due(stage.time)

    assert not Notice.objects.exists()
    assert not telling.is_due()


def test_who_left_or_has_no_role_any_more_hears_nothing(
    stage: Stage, cast: Cast
) -> None:
    cast.second.is_active = False
    cast.second.save()
    cast.approver.groups.clear()
    cast.ask(stage)
    telling.tell_due(stage.time)

    assert told("waits") == []


def test_a_choice_of_ones_own_comes_before_that_of_a_group(
    stage: Stage, cast: Cast
) -> None:
    group = Group.objects.get(name="approver")
    choices.choose_for(group.pk, by=cast.operator, wanted={"waits": {"app": "never"}})
    choices.choose(by=cast.second, wanted={"waits": {"app": "mine", "mail": ""}})
    choices.choose(by=cast.auditor, wanted={"waits": {"app": "all"}})
    cast.ask(stage)
    telling.tell_due(stage.time)

    assert told("waits") == ["auditor", "second"]


def test_the_most_generous_of_several_groups_rules(stage: Stage, cast: Cast) -> None:
    approvers = Group.objects.get(name="approver")
    night = Group.objects.create(name="night")
    cast.second.groups.add(night)
    for group, scope in ((approvers, "never"), (night, "mine")):
        choices.choose_for(group.pk, by=cast.operator, wanted={"waits": {"app": scope}})
    cast.ask(stage)
    telling.tell_due(stage.time)

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
        secret=secret.seal(secret.new()),
        created_at=stage.time,
    )
    cast.ask(stage)
    telling.tell_due(stage.time)

    assert Delivery.objects.filter(channel="webhook").count() == gets


def test_every_verb_of_the_table_belongs_to_one_event() -> None:
    verbs = [verb for event in EVENTS.values() for verb in event.verbs]
    assert len(verbs) == len(set(verbs))
    known = {"request.asked", "run.held", "service.disabled", "delivery.given_up"}
    assert known <= set(verbs) & set(audit.VERBS)
    assert all(event.verbs and event.whom and event.title for event in EVENTS.values())


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
    telling.tell_due(stage.time)
    assert told("waits") == ["approver", "third"]

    cast.approve(request)
    telling.tell_due(stage.time)

    assert told("waits") == ["approver", "third", "third"]
    assert told("approved") == ["requester"]
    last = Notice.objects.filter(event="waits").first()
    assert last is not None
    assert "waits for approval in the next" in last.text


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
    telling.tell_due(stage.time)

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
    choices.choose(by=cast.second, wanted={"approved": {"app": "all"}})
    request = cast.ask(stage)
    cast.approve(request)
    telling.tell_due(stage.time)

    assert told("waits") == ["approver", "second", "second"]
    assert told("approved") == ["requester"]


def test_broken_glass_is_loud(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    audit.record("request.glass_broken", by=cast.operator, request=request)
    telling.tell_due(stage.time)

    assert told("glass") == ["approver", "auditor", "requester", "second"]


def test_a_trail_that_cannot_be_signed_is_told_once_a_day(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: Any, **more: Any) -> None:
        raise Unfit("The key cannot be read.")

    monkeypatch.setattr(signing, "due", lambda now: True)
    monkeypatch.setattr(signing, "sign", refuse)
    for _ in range(3):
        assert not attest.sign_due(stage.time)
        stage.later(seconds=60)
    telling.tell_due(stage.time)

    assert told("proof") == ["auditor", "operator"]
    stage.later(seconds=24 * 3600)
    attest.sign_due(stage.time)
    telling.tell_due(stage.time)
    assert len(told("proof")) == 4

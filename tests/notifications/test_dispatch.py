"""From the trail to people: once, to those whom it is for, and never without cause."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError, transaction

from migrations_app.audit import recorder, signing, watch
from migrations_app.errors import Unfit
from migrations_app.models import AuditEntry, Delivery, Notice, Told
from migrations_app.notifications import dispatch
from migrations_app.notifications import messages as notification_messages
from migrations_app.notifications.events import EVENTS, OF_VERB
from migrations_app.requests import start as request_start
from tests.cast import Cast
from tests.messages import told
from tests.stage import Stage

pytestmark = pytest.mark.django_db


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
    dispatch.tell_due(stage.time)

    assert told("waits") == ["approver", "second"]
    assert mailed("waits") == ["approver@example.org", "second@example.org"]
    notice = Notice.objects.first()
    assert notice is not None
    assert notice.path == f"/requests/{request.pk}/"
    assert "requester requested a move of" in notice.text


def test_who_asked_hears_of_what_becomes_of_it(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    request_start.start_due(stage.time)
    dispatch.tell_due(stage.time)

    for event in ("approved", "ready", "started"):
        assert told(event) == ["requester"]
    assert OF_VERB["request.voided"].key == "voided"
    recorder.record("run.held", about=request.run)
    dispatch.tell_due(stage.time)
    assert told("held") == ["operator", "requester"]


def test_what_is_rolled_back_is_told_to_nobody(stage: Stage, cast: Cast) -> None:
    class Change(Exception):
        pass

    with pytest.raises(Change), transaction.atomic():
        recorder.record(
            "service.disabled",
            by=cast.requester,
            about=recorder.CloudObject(source="compute-1"),
        )
        raise Change

    assert not dispatch.is_due()
    assert dispatch.tell_due(stage.time) == 0
    assert not Notice.objects.exists()


def test_an_entry_is_told_once_however_many_tell_it(stage: Stage, cast: Cast) -> None:
    cast.ask(stage)
    before = Told.objects.get().entry
    assert dispatch.is_due()

    dispatch.tell_due(stage.time)
    dispatch.tell_due(stage.time)

    assert told("waits") == ["approver", "second"]
    assert Told.objects.get().entry > before
    assert not dispatch.is_due()


def test_of_two_who_tell_at_once_the_slower_writes_nothing(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.ask(stage)
    real = dispatch._for_all

    def overtaken(*given: Any) -> Any:
        made = real(*given)
        monkeypatch.setattr(dispatch, "_for_all", real)
        dispatch.tell_due(stage.time)  # another process, in between
        return made

    monkeypatch.setattr(dispatch, "_for_all", overtaken)
    dispatch.tell_due(stage.time)

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
            dispatch.tell_due(stage.time)
    assert not Notice.objects.exists()

    dispatch.tell_due(stage.time)
    assert told("waits") == ["approver", "second"]
    assert len(mailed("waits")) == 2


def test_it_tells_more_than_fits_in_one_transaction(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "BATCH", 3)
    for _ in range(8):
        recorder.record(
            "service.disabled", about=recorder.CloudObject(source="compute-1")
        )

    dispatch.tell_due(stage.time)

    assert told("service") == ["operator"] * 8


def test_a_mistake_about_one_entry_keeps_no_other_untold(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = notification_messages.sentence

    def stumble(entry: AuditEntry, **more: Any) -> str:
        if entry.source == "compute-1":
            raise KeyError("subject")
        return real(entry, **more)

    monkeypatch.setattr(notification_messages, "sentence", stumble)
    for number in range(3):
        recorder.record(
            "service.disabled", about=recorder.CloudObject(source=f"compute-{number}")
        )
    dispatch.tell_due(stage.time)

    assert told("service") == ["operator", "operator"]


def test_a_verb_that_is_no_event_is_passed_over(stage: Stage, cast: Cast) -> None:
    recorder.record("console.opened", by=cast.operator)
    dispatch.tell_due(stage.time)

    assert not Notice.objects.exists()
    assert not dispatch.is_due()


def test_every_verb_of_the_table_belongs_to_one_event() -> None:
    verbs = [verb for event in EVENTS.values() for verb in event.verbs]
    assert len(verbs) == len(set(verbs))
    known = {"request.asked", "run.held", "service.disabled", "delivery.given_up"}
    assert known <= set(verbs) & set(recorder.VERBS)
    assert all(event.verbs and event.whom and event.title for event in EVENTS.values())


def test_a_trail_that_cannot_be_signed_is_told_once_a_day(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: Any, **more: Any) -> None:
        raise Unfit("The key cannot be read.")

    monkeypatch.setattr(signing, "sign", refuse)
    for _ in range(3):
        watch.sign_due(stage.time)
        stage.later(seconds=60)
    dispatch.tell_due(stage.time)

    assert told("proof") == ["auditor", "operator"]
    stage.later(seconds=24 * 3600)
    watch.sign_due(stage.time)
    dispatch.tell_due(stage.time)
    assert len(told("proof")) == 4


def test_an_entry_that_the_database_refuses_keeps_no_other_untold(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Notice.objects.bulk_create

    def refuse(rows: list[Notice], **more: Any) -> Any:
        if any("compute-1" in row.text for row in rows):
            raise DataError("value too long for type character varying(300)")
        return real(rows, **more)

    monkeypatch.setattr(Notice.objects, "bulk_create", refuse)
    for number in range(3):
        recorder.record(
            "service.disabled", about=recorder.CloudObject(source=f"compute-{number}")
        )
    dispatch.tell_due(stage.time)

    assert told("service") == ["operator", "operator"]
    assert not dispatch.is_due()

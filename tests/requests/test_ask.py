"""Asking for a move: what is taken, what is refused, and with which sentence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from migrations_app.errors import Gone, NotAllowed, Refused, TooLate, Unfit, Unreachable
from migrations_app.models import AuditEntry, MigrationRequest
from migrations_app.models.states import RequestState
from migrations_app.requests import actions as request_actions
from tests.cast import REASON, Cast, last_entry, verbs
from tests.stage import Stage

pytestmark = pytest.mark.django_db
NOBODY = "00000000-0000-0000-0000-000000000000"


def refused(stage: Stage, cast: Cast, error: type[Exception], **fields: Any) -> str:
    """Ask, expect that error, and that nothing was written; return its sentence."""
    with pytest.raises(error) as caught:
        cast.ask(stage, **fields)
    assert not MigrationRequest.objects.exists()
    assert not AuditEntry.objects.exists()
    sentence = caught.value.sentence  # type: ignore[attr-defined]
    assert sentence.endswith((".", "auto."))
    return str(sentence)


def test_it_waits_for_an_approval_afterwards(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage, ticket="OPS-1")
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
    assert (request.source, request.target) == (stage.source, stage.target)
    assert request.open_instance == f"pretend:{stage.server}"
    assert [step["key"] for step in request.plan][2] == "migrate_live"
    assert request.look_again_at is None
    assert stage.asked("live-migration") == []


def test_it_is_in_the_audit_trail_once(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage, ticket="OPS-1")
    entry = last_entry("request.asked")
    assert (entry.actor_name, entry.note) == ("requester", REASON)
    assert (entry.instance, entry.ticket) == (stage.server, "OPS-1")
    assert (entry.source, entry.target) == (stage.source, stage.target)
    assert entry.after["digest"] == request.plan_digest


def test_an_operator_may_ask_as_well(stage: Stage, cast: Cast) -> None:
    assert cast.ask(stage, by=cast.operator).asked_by == cast.operator


@pytest.mark.parametrize("who", ["approver", "auditor", "nobody"])
def test_others_may_not(stage: Stage, cast: Cast, who: str) -> None:
    sentence = refused(stage, cast, NotAllowed, by=getattr(cast, who))
    assert "requester" in sentence and "operator" in sentence


def test_a_superuser_without_a_role_may_not(stage: Stage, cast: Cast) -> None:
    cast.nobody.is_superuser = True
    cast.nobody.save()
    refused(stage, cast, NotAllowed, by=cast.nobody)


def test_a_person_who_was_switched_off_may_not(stage: Stage, cast: Cast) -> None:
    cast.requester.is_active = False
    cast.requester.save()
    refused(stage, cast, NotAllowed)


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"reason": "  "}, "Give a reason"),
        ({"reason": "x" * 4001}, "too long"),
        ({"instance": "web"}, "not an instance's id"),
        ({"procedure": "teleport"}, "no procedure “teleport”"),
        ({"cloud": "elsewhere"}, "Configured: pretend"),
        ({"ticket": "x" * 101}, "at most 100"),
        ({"options": {"speed": 3}}, "There is no option “speed”"),
        ({"options": {"deadline": True}}, "The deadline is"),
        ({"options": {"deadline": 0}}, "The deadline is"),
        ({"options": {"block_migration": "yes"}}, "block_migration is auto"),
        ({"target": "compute-99"}, "knows no compute host compute-99"),
        ({"target": Stage.source}, "is on compute-30 already"),
    ],
)
def test_it_refuses_what_makes_no_sense(
    stage: Stage, cast: Cast, fields: dict[str, Any], words: str
) -> None:
    assert words in refused(stage, cast, Unfit, **fields)


def test_a_ticket_must_look_like_those_of_the_house(
    stage: Stage, cast: Cast, settings: Any
) -> None:
    settings.NOVAWEB_TICKET_PATTERN = r"OPS-\d+"
    assert "must match" in refused(stage, cast, Unfit, ticket="mine")
    assert cast.ask(stage, ticket="OPS-7").ticket == "OPS-7"


def test_it_says_when_the_instance_is_not_there(stage: Stage, cast: Cast) -> None:
    assert NOBODY in refused(stage, cast, Gone, instance=NOBODY)


@pytest.mark.parametrize(
    "column, value, words",
    [
        ("up", False, "compute-34 is down."),
        ("enabled", False, "compute-34 is disabled"),
        ("inventory", "{}", "compute-34"),
    ],
)
def test_it_refuses_a_target_that_takes_nothing(
    stage: Stage, cast: Cast, column: str, value: Any, words: str
) -> None:
    stage.cloud.edit_host(stage.target, **{column: value})
    with pytest.raises(Unfit) as caught:
        cast.ask(stage)
    assert words in caught.value.sentence
    assert caught.value.findings


def test_it_refuses_a_target_that_is_full(stage: Stage, cast: Cast) -> None:
    stage.cloud.add_host("compute-35", zone="OS1", ram_mb=1024)
    assert "does not fit" in refused(stage, cast, Unfit, target="compute-35")


def test_it_refuses_an_instance_in_error(stage: Stage, cast: Cast) -> None:
    stage.cloud.edit(stage.server, vm_state="error")
    refused(stage, cast, Unfit)


def test_it_warns_of_a_lock_and_takes_the_request(stage: Stage, cast: Cast) -> None:
    stage.cloud.edit(stage.server, locked=True, locked_reason="Month end.")
    request = cast.ask(stage)
    warnings = [f["sentence"] for f in request.findings if f["severity"] == "warns"]
    assert any("locked: Month end" in sentence for sentence in warnings)


def test_it_says_when_nova_does_not_answer(stage: Stage, cast: Cast) -> None:
    stage.cloud.down()
    assert "does not answer" in refused(stage, cast, Unreachable)


def test_it_says_when_our_password_is_wrong(stage: Stage, cast: Cast) -> None:
    stage.cloud.lock_out()
    assert "credentials" in refused(stage, cast, Refused)


@pytest.mark.parametrize(
    "vm_state, procedure", [("active", "live"), ("stopped", "cold")]
)
def test_auto_chooses_what_suits(
    stage: Stage, cast: Cast, vm_state: str, procedure: str
) -> None:
    power = 1 if vm_state == "active" else 4
    stage.cloud.edit(stage.server, vm_state=vm_state, power_state=power)
    request = cast.ask(stage, procedure="auto")
    assert (request.procedure, request.asked_procedure) == (procedure, "auto")


def test_the_scheduler_may_choose(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage, target="")
    assert request.target is None
    assert "the host that the scheduler chooses" in request.plan[2]["sentence"]


# -- one open request for each instance ----------------------------------------------


def test_a_second_request_is_refused_while_one_is_open(
    stage: Stage, cast: Cast
) -> None:
    first = cast.ask(stage)
    with pytest.raises(TooLate) as caught:
        cast.ask(stage, by=cast.operator, procedure="cold")
    assert f"number {first.pk}, requested" in caught.value.sentence
    assert verbs(first) == ["request.asked"]
    assert AuditEntry.objects.count() == 1


def test_another_one_may_follow_when_the_first_is_over(
    stage: Stage, cast: Cast
) -> None:
    first = cast.ask(stage)
    request_actions.withdraw(first.pk, by=cast.requester, note="Not needed.")
    assert cast.ask(stage).pk != first.pk


# -- windows -------------------------------------------------------------------------


def test_it_refuses_a_window_that_cannot_be_met(stage: Stage, cast: Cast) -> None:
    now = timezone.now()
    hour = timedelta(hours=1)
    over = {"window_start": now - 2 * hour, "window_end": now - hour}
    assert "ended already" in refused(stage, cast, Unfit, **over)
    backwards = {"window_start": now + 2 * hour, "window_end": now + hour}
    assert "ends before" in refused(stage, cast, Unfit, **backwards)


def test_it_expires_when_its_window_ends(stage: Stage, cast: Cast) -> None:
    end = timezone.now() + timedelta(hours=3)
    assert cast.ask(stage, window_end=end).expires_at == end


def test_it_does_not_expire_before_its_window_begins(stage: Stage, cast: Cast) -> None:
    start = timezone.now() + timedelta(days=40)
    request = cast.ask(stage, window_start=start)
    assert request.expires_at > start

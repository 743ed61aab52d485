"""The audit trail: every act once, in words, and never changed."""

from __future__ import annotations

import ast
import string
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

import migrations_app
from migrations_app.audit import recorder
from migrations_app.models import AuditEntry, Decision, MigrationRequest
from migrations_app.requests import actions as request_actions
from migrations_app.runs import actions as run_actions
from tests import factories
from tests.cast import Cast, verbs, walk_until
from tests.stage import Stage

pytestmark = pytest.mark.django_db
TABLE = AuditEntry._meta.db_table
CHANGES = [
    f"UPDATE {TABLE} SET note = 'nothing'",  # noqa: S608 - a name of our own
    f"UPDATE {TABLE} SET actor_id = NULL",  # noqa: S608
    f"DELETE FROM {TABLE}",  # noqa: S608
]
AREAS = {verb.partition(".")[0] for verb in recorder.VERBS}


def test_every_verb_is_recorded_somewhere() -> None:
    """Each stands in the code, as a whole, outside of the book of verbs."""
    used: set[str] = set()
    root = Path(migrations_app.__file__).parent
    for path in root.rglob("*.py"):
        if path == root / "audit" / "recorder.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                area, _, verb = node.value.partition(".")
                if area in AREAS and verb.isidentifier():
                    used.add(node.value)
    assert used >= set(recorder.VERBS)


@pytest.mark.parametrize("verb", recorder.VERBS)
def test_every_verb_has_a_sentence(verb: str) -> None:
    names = {name for _, name, _, _ in string.Formatter().parse(recorder.VERBS[verb])}
    assert names <= {None, "actor", "instance", "source", "target", "subject"}
    entry = recorder.record(verb, actor_name="rita")
    assert recorder.sentence(entry)[0] in "rTAan"
    assert "{" not in recorder.sentence(entry)


def test_an_entry_about_a_run_is_about_its_request_too() -> None:
    run = factories.run()
    request = run.request
    entry = recorder.record("run.held", about=run)
    assert (entry.run_number, entry.request_number) == (run.pk, request.pk)
    assert (entry.instance, entry.source) == (request.instance, request.source)
    assert (entry.cloud, entry.ticket) == (request.cloud.name, request.ticket)


def test_an_entry_about_a_request_is_about_no_run() -> None:
    request = factories.request()
    entry = recorder.record("request.ready", about=request)
    assert (entry.run_number, entry.request_number) == (None, request.pk)
    assert entry.instance_name == request.instance_name


def test_an_entry_about_hosts_is_about_no_request() -> None:
    about = recorder.CloudObject(cloud="lab", source="a", target="b", ticket="OPS-1")
    entry = recorder.record("speed.measured", about=about)
    assert (entry.run_number, entry.request_number) == (None, None)
    assert (entry.cloud, entry.source, entry.target) == ("lab", "a", "b")
    assert (entry.ticket, entry.instance) == ("OPS-1", "")


def test_an_entry_may_be_about_nothing() -> None:
    entry = recorder.record("audit.signed")
    assert {entry.cloud, entry.source, entry.target, entry.ticket} == {""}


def test_a_verb_that_is_not_in_the_book_cannot_be_recorded() -> None:
    with pytest.raises(ValueError, match="unknown audit verb"):
        recorder.record("request.wished")


def test_an_entry_of_a_later_version_is_shown_all_the_same() -> None:
    entry = AuditEntry(actor_name="rita", verb="drain.begun")
    assert recorder.sentence(entry) == "rita: drain.begun"


def test_an_entry_says_who_what_where_under_which_ticket(
    stage: Stage, cast: Cast
) -> None:
    structlog.contextvars.bind_contextvars(request_id="the-act")
    try:
        request = cast.ask(stage, ticket="OPS-7")
    finally:
        structlog.contextvars.clear_contextvars()
    entry = AuditEntry.objects.get(verb="request.asked")
    assert recorder.sentence(entry) == (
        "requester requested a move of web from compute-30 to compute-34"
    )
    assert (entry.cloud, entry.ticket, entry.act) == ("pretend", "OPS-7", "the-act")
    assert entry.request_number == request.pk


def test_the_scheduler_s_choice_is_named_so(stage: Stage, cast: Cast) -> None:
    cast.ask(stage, target=None)
    sentence = recorder.sentence(AuditEntry.objects.get())
    assert sentence.endswith("to a host chosen by the scheduler")


def test_a_move_from_its_asking_to_its_end_is_told_act_by_act(
    stage: Stage, cast: Cast
) -> None:
    run = cast.run(stage, procedure="cold")
    walk_until(stage, run, asked="migrate_cold")
    run = stage.play(run)
    everything = list(AuditEntry.objects.order_by("id"))
    looks = [entry for entry in everything if entry.verb == "run.looked"]
    assert {entry.after["host"] for entry in looks} == {stage.source, stage.target}
    told = [entry for entry in everything if entry not in looks]
    assert [entry.verb for entry in told] == [
        "request.asked",
        "request.approved",
        "request.ready",
        "run.started",
        "run.asked",
        "run.asked",
        "run.completed",
    ]
    assert [entry.actor_name for entry in told] == [
        "requester",
        "approver",
        *["novaweb"] * 5,
    ]
    assert [e.after["step"] for e in told if e.verb == "run.asked"] == [
        "migrate_cold",
        "confirm",
    ]
    assert {entry.run_number for entry in told[3:]} == {run.pk}


def test_every_act_of_a_troubled_move_is_told_once(stage: Stage, cast: Cast) -> None:
    """Every verb about requests and runs that a person may cause, in four moves."""
    operator: dict[str, Any] = {"by": cast.operator, "note": "So."}
    stage.cloud.spoil(stage.server, "never")

    first = cast.run(stage)
    walk_until(stage, first, asked="migrate_live")
    stage.later(seconds=2)
    run_actions.force_complete(first.pk, **operator)
    run_actions.abort(first.pk, **operator)
    stage.cloud.lock_out()
    stage.play(first)
    stage.cloud.lock_out(False)
    run_actions.look_again(first.pk, **operator)
    stage.play(first)

    second = cast.run(stage, procedure="cold")
    walk_until(stage, second, asked="migrate_cold")
    stage.cloud.lock_out()
    stage.play(second)
    stage.cloud.lock_out(False)
    run_actions.go_back(second.pk, **operator)
    stage.play(second)

    third = cast.run(stage, procedure="cold")
    run_actions.stop(third.pk, **operator)
    stage.play(third)

    fourth = cast.run(stage, procedure="cold")
    stage.cloud.lock_out()
    stage.play(fourth)
    run_actions.close(fourth.pk, **operator)

    count = Counter(AuditEntry.objects.values_list("verb", flat=True))
    for verb in (
        "run.force_complete",
        "run.abort",
        "run.stop",
        "run.look_again",
        "run.go_back",
        "run.closed",
    ):
        assert count[verb] == 1, verb
    assert count["run.started"] == 4
    assert count["run.held"] == 3


# -- what is written stays -------------------------------------------------------------


@pytest.mark.parametrize("statement", CHANGES)
def test_the_database_refuses_every_change(statement: str) -> None:
    entry = recorder.record("account.signed_in", actor_name="rita", note="here")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    kept = AuditEntry.objects.get()
    assert (kept.pk, kept.note) == (entry.pk, "here")


def test_so_it_does_when_asked_by_our_own_code() -> None:
    entry = recorder.record("account.signed_in", actor_name="rita")
    for change in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(note="nothing"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert AuditEntry.objects.count() == 1


def test_deleting_an_account_leaves_the_trail_as_it_was(
    stage: Stage, cast: Cast
) -> None:
    request = cast.approved(stage)
    before = list(AuditEntry.objects.order_by("id").values())
    User.objects.all().delete()
    assert list(AuditEntry.objects.order_by("id").values()) == before
    assert {entry["actor_name"] for entry in before} == {
        "requester",
        "approver",
        "novaweb",
    }
    request = MigrationRequest.objects.get(pk=request.pk)
    assert (request.asked_by, request.asked_by_name) == (None, "requester")
    decision = Decision.objects.get()
    assert (decision.by, decision.by_name) == (None, "approver")


def test_what_was_not_done_is_not_recorded(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Change and entry stand or fall together."""
    request = cast.ask(stage)

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no entry today")

    monkeypatch.setattr(recorder, "record", broken)
    with pytest.raises(RuntimeError):
        request_actions.withdraw(request.pk, by=cast.requester, note="Not needed.")
    request.refresh_from_db()
    assert (request.state, request.open_instance is None) == ("requested", False)
    assert verbs(request) == ["request.asked"]


def test_a_completed_move_names_the_host_that_the_scheduler_chose() -> None:
    stage = Stage()
    run = stage.play(stage.start("live", target=None))
    entry = AuditEntry.objects.get(verb="run.completed", run_number=run.pk)
    assert stage.host == stage.target
    assert recorder.sentence(entry) == f"web was moved to {stage.target}"

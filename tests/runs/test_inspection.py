"""What is read of the world beside a run, and what happens when it cannot be read."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import fields
from typing import Any

import pytest

from migrations_app.errors import Unreachable
from migrations_app.integrations import connect
from migrations_app.integrations.interfaces import Command, World
from migrations_app.models import Run
from migrations_app.models.states import RunState
from migrations_app.procedures.expected_state import Aspect
from migrations_app.procedures.registry import PROCEDURES
from migrations_app.runs import inspection, inspection_inside
from migrations_app.runs.inspection import Inspection
from migrations_app.runs.inspection_rows import Answers, InspectionRow, Source
from pretend.hosts import PretendHosts, Words
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def of(now: Inspection, aspect: Aspect) -> InspectionRow:
    return next(each for each in now.rows if each.aspect is aspect)


def differing(now: Inspection) -> set[Aspect]:
    return {each.aspect for each in now.differing}


def held(stage: Stage, procedure: str = "live") -> Run:
    """Have a move fail on the target, so that a person must decide."""
    stage.cloud.spoil(stage.server, "finish", "The disk was full.")
    run = stage.play(stage.start(procedure))
    assert run.state == RunState.HELD
    return run


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_a_run_expects_what_is_so_before_it_begins_and_when_it_is_done(
    stage: Stage, procedure: str
) -> None:
    run = stage.start(procedure)

    before = inspection.inspect_run(run)
    assert differing(before) == set()
    assert of(before, Aspect.HOST).actual == stage.source
    assert before.current_step == run.steps.first()

    run = stage.play(run)
    assert run.state == RunState.COMPLETED, run.why
    after = inspection.inspect_run(run)
    assert differing(after) == set()
    assert of(after, Aspect.HOST).actual == stage.target
    assert of(after, Aspect.ALLOCATION).actual == stage.target
    assert of(after, Aspect.SOURCE_DOMAIN).actual == "none"
    assert [each.trouble for each in after.rows if each.trouble] == []


def test_looking_changes_nothing(stage: Stage) -> None:
    run = stage.start("live")
    for _ in range(4):
        stage.later(seconds=1)
        stage.walk(run)
    row = Run.objects.filter(pk=run.pk)
    steps = list(run.steps.values())
    before = (row.values().get(), stage.cloud.actions(stage.server))

    now = inspection.inspect_run(Run.objects.get(pk=run.pk))

    assert now.current_step is not None
    assert now.current_step.key == "migrate_live"
    assert (row.values().get(), stage.cloud.actions(stage.server)) == before
    assert list(run.steps.values()) == steps


def test_it_shows_what_differs_where_a_run_is_held(stage: Stage) -> None:
    now = inspection.inspect_run(held(stage))

    assert Aspect.STATUS in differing(now)
    assert of(now, Aspect.STATUS).actual == "ERROR"
    assert "The disk was full." in of(now, Aspect.STATUS).detail
    assert "ERROR" in now.verdict.blocked


def test_a_run_that_goes_back_expects_what_was_before(stage: Stage) -> None:
    stage.cloud.spoil(stage.server, "never")
    run = stage.start("live")
    for _ in range(4):
        stage.later(seconds=1)
        stage.walk(run)
    Run.objects.update(stop_asked_at=stage.time, stop_asked_by="otto")
    stage.later(seconds=6)
    stage.walk(run)
    run.refresh_from_db()
    assert run.state == RunState.GOING_BACK

    now = inspection.inspect_run(run)

    assert now.going_back
    assert of(now, Aspect.HOST).expected == (stage.source,)
    assert of(now, Aspect.HOST).agrees


def test_the_target_is_the_one_that_the_scheduler_chose(stage: Stage) -> None:
    run = stage.start("live", target=None)
    before = inspection.inspect_run(run)
    assert "has not chosen" in of(before, Aspect.TARGET_DOMAIN).trouble

    run = stage.play(run)
    after = inspection.inspect_run(run)

    assert differing(after) == set()
    assert of(after, Aspect.TARGET_DOMAIN).title == f"libvirt domain on {stage.target}"


def test_each_neighbour_that_does_not_answer_has_its_sentence(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stage.start("live")
    stage.cloud.fail("ports", Unreachable("Neutron does not answer."), times=9)
    monkeypatch.setattr(connect, "world_of", lambda name: World(stage.cloud))

    now = inspection.inspect_run(run)

    assert of(now, Aspect.PORTS).trouble == "Neutron does not answer."
    assert of(now, Aspect.PORTS).agrees is None
    assert "no SSH access" in of(now, Aspect.SOURCE_DOMAIN).trouble
    assert of(now, Aspect.STATUS).agrees


def test_nothing_answers_and_it_still_says_so(stage: Stage) -> None:
    run = stage.start("manual")
    stage.cloud.down()

    now = inspection.inspect_run(run)

    assert now.server is None
    assert all(each.trouble for each in now.rows)
    assert len(now.rows) == len(Aspect)


def test_it_does_not_wait_for_who_hangs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stage.start("live")
    monkeypatch.setattr(inspection_inside, "SECONDS", 1.0)
    wake = threading.Event()
    real = stage.cloud.attachments

    def hang(server_id: str) -> Any:
        wake.wait(60)
        return real(server_id)

    monkeypatch.setattr(stage.cloud, "attachments", hang)
    began = time.monotonic()
    try:
        now = inspection.inspect_run(run)
    finally:
        took = time.monotonic() - began
        wake.set()

    assert took < 30
    assert "No answer within" in of(now, Aspect.VOLUMES).trouble
    assert of(now, Aspect.HOST).actual == stage.source


def test_a_mistake_of_our_own_does_not_hide_the_rest(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stage.start("live")
    monkeypatch.setattr(stage.cloud, "ports", lambda server_id: 1 / 0)

    now = inspection.inspect_run(run)

    assert "ZeroDivisionError" in of(now, Aspect.PORTS).trouble
    assert of(now, Aspect.HOST).actual == stage.source


def test_every_source_has_a_typed_answer() -> None:
    """But for the connection itself, which has only trouble."""
    answers = {each.name for each in fields(Answers)} - {"trouble"}
    assert answers == set(Source) - {Source.CLOUD}


def test_no_row_is_shown_of_who_was_not_to_be_asked(stage: Stage) -> None:
    now = inspection.inspect_run(stage.start("live"))

    assert Aspect.DATABASE not in {each.aspect for each in now.rows}


def test_folders_are_looked_for_where_the_host_keeps_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its nova.conf, whatever the path is: the plan of these does not know it."""
    asked: list[str] = []
    real = PretendHosts.run

    def run(self: PretendHosts, host: str, command: Command, **how: Any) -> str:
        asked.append(command.text)
        return real(self, host, command, **how)

    monkeypatch.setattr(PretendHosts, "run", run)
    now = inspection.inspect_run(stage.start("cold"))
    assert of(now, Aspect.SOURCE_FOLDER).actual == "there"
    assert of(now, Aspect.SOURCE_DOMAIN).actual == "running"
    assert not [
        text for text in asked if f"/var/lib/nova/instances/{stage.server}" in text
    ]


def test_a_host_that_does_not_say_where_it_keeps_instances_has_no_folder_nor_none(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = PretendHosts._survey_host

    def silent(self: PretendHosts, host: str, words: Words) -> str:
        answer = real(self, host, words)
        return re.sub(r"(== (free|folder|instances)\n)( .*\n)+", r"\1", answer)

    monkeypatch.setattr(PretendHosts, "_survey_host", silent)
    now = inspection.inspect_run(stage.start("live"))
    row = of(now, Aspect.SOURCE_FOLDER)
    assert row.agrees is None
    assert "could not be read" in row.trouble
    assert of(now, Aspect.SOURCE_DOMAIN).agrees

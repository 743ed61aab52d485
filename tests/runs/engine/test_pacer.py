"""The pacer: one process rings for what is due; whatever dies, somebody does."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from migrations_app.models import Pacer, Run
from migrations_app.requests import start as request_start
from migrations_app.runs.engine.pacer import (
    GLANCE,
    LEASE,
    SOONEST,
    UNANSWERED,
    PacerTimer,
)
from tests.cast import Cast
from tests.stage import Stage

pytestmark = pytest.mark.django_db


class Played:
    """A pacer whose ringing and walking is only written down."""

    def __init__(self, stage: Stage, *, bell: bool = True) -> None:
        self.rung = self.walked = 0
        self.bell = bell
        self.waiting: datetime | None = None
        self.pacing = PacerTimer(
            ring=self.ring,
            walk=self.walk,
            other=lambda now: self.waiting,
            clock=stage.clock,
        )

    def ring(self) -> bool:
        self.rung += 1
        return self.bell

    def walk(self) -> None:
        self.walked += 1


def test_one_at_a_time(stage: Stage) -> None:
    first, second = Played(stage).pacing, Played(stage).pacing
    assert first.tick()
    assert not second.tick()
    stage.later(seconds=1)
    assert first.tick(), "it stays who it is"
    assert not second.tick()


def test_a_dead_one_is_replaced(stage: Stage) -> None:
    dead, living = Played(stage).pacing, Played(stage).pacing
    assert dead.tick()
    stage.time += LEASE
    assert not living.tick()
    stage.later(milliseconds=1)
    assert living.tick()
    assert not dead.tick(), "it may have been asleep only"


def test_one_that_leaves_is_replaced_at_once(stage: Stage) -> None:
    first, second = Played(stage).pacing, Played(stage).pacing
    first.tick()
    second.release()
    assert not second.tick(), "only its holder can give the lease back"
    first.release()
    assert second.tick()


def test_it_says_when_it_was_last_there(stage: Stage) -> None:
    pacer_lease = Played(stage).pacing
    pacer_lease.tick()
    assert Pacer.objects.get().seen_at == stage.time


def test_it_is_quiet_when_nothing_is_due(stage: Stage) -> None:
    played = Played(stage)
    run = stage.start("live")
    Run.objects.filter(pk=run.pk).update(
        look_again_at=stage.time + timedelta(seconds=1)
    )
    assert played.pacing.tick()
    assert (played.rung, played.walked) == (0, 0)


def test_it_rings_when_a_run_is_due(stage: Stage) -> None:
    played = Played(stage)
    stage.start("live")
    played.pacing.tick()
    assert (played.rung, played.walked) == (1, 0)


def test_between_two_ticks_it_rings_for_a_run_that_has_become_due(
    stage: Stage,
) -> None:
    played = Played(stage)
    run = stage.start("live")
    soon = stage.time + timedelta(milliseconds=300)
    Run.objects.filter(pk=run.pk).update(look_again_at=soon)
    played.pacing.tick()
    rung = []
    for _ in range(2):
        stage.later(milliseconds=200)
        played.pacing.glance()
        rung.append(played.rung)
    assert rung == [0, 1]


@pytest.mark.parametrize(
    ("due_in", "again_in"),
    [(None, GLANCE), (0.13, 0.13), (0.001, SOONEST), (9.0, GLANCE), (-1.0, GLANCE)],
)
def test_it_glances_again_when_the_next_run_becomes_due(
    stage: Stage, due_in: float | None, again_in: float
) -> None:
    played = Played(stage)
    run = stage.start("live")
    due = None if due_in is None else stage.time + timedelta(seconds=due_in)
    Run.objects.filter(pk=run.pk).update(look_again_at=due)
    assert played.pacing.glance() == pytest.approx(again_in)
    assert played.rung == (due_in == -1.0)


def test_a_broken_bell_is_tried_once_a_tick(stage: Stage) -> None:
    played = Played(stage, bell=False)
    stage.start("live")
    played.pacing.tick()
    played.pacing.glance()
    assert (played.rung, played.walked) == (1, 1)
    played.bell = True
    played.pacing.tick()
    played.pacing.glance()
    assert (played.rung, played.walked) == (3, 1)


def test_it_walks_itself_when_the_bell_is_broken(stage: Stage) -> None:
    played = Played(stage, bell=False)
    stage.start("live")
    played.pacing.tick()
    assert (played.rung, played.walked) == (1, 1)


@pytest.mark.parametrize("what", ["run", "request"])
def test_it_walks_itself_when_nobody_answers(stage: Stage, what: str) -> None:
    played = Played(stage)
    if what == "run":
        stage.start("live")
    else:
        played.waiting = stage.time
    stage.time += UNANSWERED
    played.pacing.tick()
    assert played.walked == 0
    stage.later(milliseconds=1)
    played.pacing.tick()
    assert (played.rung, played.walked) == (2, 1)


def test_a_run_that_is_being_walked_is_not_rung_for(stage: Stage) -> None:
    played = Played(stage)
    run = stage.start("live")
    lapses = stage.time + timedelta(seconds=4)
    Run.objects.filter(pk=run.pk).update(lease="somebody", lease_until=lapses)
    played.pacing.tick()
    assert played.rung == 0
    stage.later(seconds=4.1)
    played.pacing.tick()
    assert (played.rung, played.walked) == (1, 1)


def test_requests_are_waited_for_since_they_were_due(stage: Stage, cast: Cast) -> None:
    assert request_start.due_since(stage.time) is None
    begins = stage.time + timedelta(hours=1)
    request = cast.approved(stage, window_start=begins)
    assert request_start.due_since(stage.time) is None
    stage.later(hours=2)
    assert request_start.due_since(stage.time) == begins
    stage.later(days=30)
    assert request_start.due_since(stage.time) == request.expires_at

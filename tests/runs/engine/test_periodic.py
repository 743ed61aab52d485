"""What is rung for again and again: each when it is due, and none waits for another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone
from django.utils.module_loading import import_string
from structlog.testing import capture_logs

from migrations_app import jobs
from migrations_app.jobs import PERIODIC, Periodic, Scheduler
from migrations_app.models import Run
from migrations_app.runs import retention, wakeup
from tests import factories

pytestmark = pytest.mark.django_db


class Bell:
    """A bell that writes down what it was rung for; a broken one is not heard."""

    def __init__(self) -> None:
        self.rung: list[tuple[object, ...]] = []
        self.broken = False

    def __call__(self, job: str, *arguments: object, queue: str) -> bool:
        self.rung.append((job, *arguments, queue))
        return not self.broken


class Clock:
    def __init__(self) -> None:
        self.time = timezone.now()

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Bell:
    made = Bell()
    monkeypatch.setattr(wakeup, "ring_now", made)
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


def due(row: Periodic) -> Periodic:
    return replace(row, rings=lambda now: [()])


def stumbling(row: Periodic, error: Exception) -> Periodic:
    def rings(now: datetime) -> Any:
        raise error

    return replace(row, rings=rings)


def row_of(job: Callable[..., object]) -> Periodic:
    return next(row for row in PERIODIC if row.job is job)


def ring_for(row: Periodic) -> tuple[object, ...]:
    return (row.name, row.queue)


def test_the_jobs_have_the_names_that_older_workers_left_in_redis() -> None:
    assert {
        row.name.removeprefix("migrations_app.jobs."): row.queue for row in PERIODIC
    } == {
        "sync": "inventory",
        "deliver_due": "default",
        "count_refusals": "default",
        "remove_old": "default",
        "sweep_aside": "default",
        "look_for_leaks": "inventory",
        "measure_speeds": "default",
    }


@pytest.mark.parametrize("row", PERIODIC, ids=lambda row: row.job.__name__)
def test_rq_finds_each_by_its_name_in_a_queue_that_is_served(row: Periodic) -> None:
    assert import_string(row.name) is row.job
    assert row.queue in settings.RQ_QUEUES


@pytest.mark.parametrize("broken", PERIODIC, ids=lambda row: row.job.__name__)
@pytest.mark.parametrize(
    "error", [ZeroDivisionError("of its own"), OperationalError("a deadlock")]
)
def test_one_that_stumbles_is_logged_and_stops_no_other(
    broken: Periodic, error: Exception, heard: Bell
) -> None:
    table = tuple(
        stumbling(row, error) if row is broken else due(row) for row in PERIODIC
    )
    with capture_logs() as logs:
        Scheduler(table).ring()
    assert heard.rung == [ring_for(row) for row in PERIODIC if row is not broken]
    item = f"whether {broken.name} is due"
    assert [(each["event"], each["item"]) for each in logs] == [("item failed", item)]


def test_a_bell_that_stumbles_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def ring(job: str, *arguments: object, queue: str) -> bool:
        asked.append(job)
        raise OSError("of the bell")

    monkeypatch.setattr(wakeup, "ring_now", ring)
    with capture_logs() as logs:
        Scheduler(tuple(due(row) for row in PERIODIC)).ring()
    assert asked == [row.name for row in PERIODIC]
    assert [each["item"] for each in logs] == [f"whether {it} is due" for it in asked]


def test_without_a_bell_only_what_must_not_wait_is_done_by_the_pacer(
    heard: Bell,
) -> None:
    done = []

    def table(stumbles: bool) -> tuple[Periodic, ...]:
        def job(name: str) -> Callable[[], None]:
            def carry_out() -> None:
                done.append(name)
                if stumbles:
                    raise ZeroDivisionError

            carry_out.__qualname__ = name
            return carry_out

        return tuple(due(replace(row, job=job(row.job.__name__))) for row in PERIODIC)

    heard.broken = True
    for stumbles in (False, True):
        heard.rung.clear()
        done.clear()
        with capture_logs() as logs:
            Scheduler(table(stumbles)).ring()
        assert done == ["deliver_due"]
        assert len(heard.rung) == len(PERIODIC)
        assert len(logs) == stumbles


def test_each_cloud_that_is_due_is_rung_for(heard: Bell) -> None:
    sync = replace(row_of(jobs.sync), rings=lambda now: [("one",), ("two",)])
    Scheduler((sync,)).ring()
    assert heard.rung == [
        ("migrations_app.jobs.sync", "one", "inventory"),
        ("migrations_app.jobs.sync", "two", "inventory"),
    ]


def test_what_is_not_due_is_not_rung_for(heard: Bell) -> None:
    Scheduler(tuple(replace(row, rings=lambda now: []) for row in PERIODIC)).ring()
    assert heard.rung == []


def test_a_clock_that_was_set_back_keeps_none_waiting_that_never_rests(
    heard: Bell, clock: Clock
) -> None:
    periodic = Scheduler((due(row_of(jobs.deliver_due)),), clock=clock)
    periodic.ring()
    clock.time -= timedelta(days=1)
    periodic.ring()
    assert len(heard.rung) == 2


@pytest.mark.django_db
def test_old_things_are_sought_once_an_hour_and_removed_without_a_rest(
    heard: Bell, clock: Clock, settings: Any
) -> None:
    settings.NOVAWEB_KEEP_LOGS_DAYS = 1
    run = factories.run(state="completed", lines=["It ends."])
    begin = clock.time
    periodic = Scheduler((row_of(jobs.remove_old),), clock=clock)

    def rings(minutes: int) -> bool:
        heard.rung.clear()
        clock.time = begin + timedelta(minutes=minutes)
        periodic.ring()
        return bool(heard.rung)

    assert not rings(0)
    Run.objects.filter(pk=run.pk).update(ended_at=begin - timedelta(days=2))
    assert not rings(59)
    assert rings(61)
    assert rings(62)
    retention.remove_due(begin + timedelta(minutes=62))
    assert not rings(63)


@pytest.mark.django_db
def test_nothing_is_due_where_there_is_nothing(
    heard: Bell, clock: Clock, settings: Any
) -> None:
    settings.NOVAWEB_CLOUDS = []
    with capture_logs() as logs:
        Scheduler(clock=clock).ring()
    assert (heard.rung, logs) == ([], [])

"""Leases, of every table that has them: one at a time, none for ever, none unseen."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.db.models import Model, Q

from migrations_app.drains.lease import DrainLease
from migrations_app.errors import LostLease
from migrations_app.models import Cloud, Drain, Lane, Probe, Run
from migrations_app.models.lease import Lease, Leased, free
from migrations_app.models.states import DrainState
from migrations_app.runs.engine import lease_heartbeat
from migrations_app.runs.engine.lease import RunLease
from tests.runs.engine.leased_tables import (
    MOMENT,
    NOON,
    TABLES,
    Clock,
    Table,
    drain,
    run,
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


each_table = pytest.mark.parametrize("table", TABLES, ids=str)


@dataclass
class Two:
    """Two processes that want the same row."""

    row: Model
    first: Lease[Any]
    second: Lease[Any]

    def now(self) -> dict[str, Any]:
        """The row as it stands in the database."""
        return type(self.row)._default_manager.filter(pk=self.row.pk).values().get()


@pytest.fixture
def two(table: Table, clock: Clock) -> Two:
    row = table.row()
    return Two(row, table.lease(row, clock), table.lease(row, clock))


def test_every_model_with_a_lease_is_tested_here() -> None:
    leased = set(Leased.__subclasses__())
    assert leased == {table.model for table in TABLES} - {Cloud}


@pytest.mark.parametrize(
    ("until", "is_free"),
    [
        (None, True),
        (NOON - MOMENT, True),
        (NOON, False),
        (NOON + MOMENT, False),
    ],
)
@pytest.mark.parametrize("token", ["", "somebody"])
@pytest.mark.django_db
def test_a_row_is_free_when_its_time_has_passed_whoever_had_it(
    token: str, until: datetime | None, is_free: bool
) -> None:
    Lane.objects.create(key="mail", lease=token, lease_until=until)
    assert Lane.objects.filter(free(NOON)).exists() is is_free


@each_table
@pytest.mark.django_db
def test_only_one_of_two_gets_it(table: Table, two: Two) -> None:
    assert two.first.claim()
    before = two.now()
    assert not two.second.claim()
    for write in (two.second.write, two.second.renew, two.second.release):
        with pytest.raises(table.lost):
            write()
    two.second.drop()
    assert two.now() == before


@each_table
@pytest.mark.django_db
def test_who_never_took_it_has_nothing(table: Table, two: Two) -> None:
    before = two.now()
    with pytest.raises(table.lost):
        two.first.write()
    two.first.drop()
    assert two.now() == before
    assert not two.first.mine().exists()


@each_table
@pytest.mark.django_db
def test_it_is_believed_to_the_last_moment_and_then_taken_over(
    table: Table, two: Two, clock: Clock
) -> None:
    assert two.first.claim()
    clock.time += two.first.span
    assert not two.second.claim()
    clock.time += MOMENT
    assert two.second.claim()
    before = two.now()
    with pytest.raises(table.lost):
        two.first.renew()
    assert not two.first.claim()
    assert two.now() == before


@each_table
@pytest.mark.parametrize("keep", ["renew", "write", "claim"])
@pytest.mark.django_db
def test_it_is_kept_by_each_renewal(two: Two, clock: Clock, keep: str) -> None:
    assert two.first.claim()
    for _ in range(3):
        clock.time += two.first.span
        getattr(two.first, keep)()
        assert not two.second.claim()
    clock.time += two.first.span + MOMENT
    assert two.second.claim()


@each_table
@pytest.mark.django_db
def test_one_that_has_lapsed_and_that_nobody_took_is_ours_still(
    two: Two, clock: Clock
) -> None:
    assert two.first.claim()
    clock.time += 2 * two.first.span
    two.first.renew()
    assert not two.second.claim()


@each_table
@pytest.mark.parametrize("give_back", ["release", "drop"])
@pytest.mark.django_db
def test_what_is_given_back_is_free_at_once(
    table: Table, two: Two, give_back: str
) -> None:
    assert two.first.claim()
    getattr(two.first, give_back)()
    with pytest.raises(table.lost):
        two.first.write()
    assert two.second.claim()


@pytest.mark.parametrize("model", [Run, Drain])
@pytest.mark.django_db
def test_it_may_be_taken_only_while_it_is_due(model: type[Model], clock: Clock) -> None:
    table = next(each for each in TABLES if each.model is model)
    row = table.row()
    model._default_manager.update(look_again_at=NOON + MOMENT)
    lease = table.lease(row, clock)
    assert not lease.claim()
    clock.time += MOMENT
    assert lease.claim()


@pytest.mark.django_db
def test_a_probe_that_is_over_is_nobody_s(clock: Clock) -> None:
    table = next(each for each in TABLES if each.model is Probe)
    row = table.row()
    Probe.objects.update(over_at=NOON)
    assert not table.lease(row, clock).claim()


@pytest.mark.django_db
def test_a_write_can_be_made_to_depend_on_more_than_the_lease(clock: Clock) -> None:
    lease = DrainLease(drain().pk, clock)
    assert lease.claim()
    lease.write(only=DrainState.RUNNING, why="It goes on.")
    Drain.objects.update(state="paused")  # by a person
    with pytest.raises(LostLease):
        lease.write(only=DrainState.RUNNING, why="It goes on and on.")
    with pytest.raises(LostLease):
        Lease.write(lease, where=Q(state="running"), why="It goes on and on.")
    assert Drain.objects.get().why == "It goes on."
    lease.write(why="It is paused.")


@pytest.mark.django_db
def test_a_lease_of_several_rows_keeps_those_that_nobody_took(clock: Clock) -> None:
    for key in ("mail", "webhook:1", "webhook:2"):
        Lane.objects.create(key=key)
    ours = Lease(Lane.objects.all(), span=timedelta(seconds=4), clock=clock)
    assert ours.claim()
    Lane.objects.filter(key="mail").update(lease="another")
    ours.renew()
    kept = ours.mine().order_by("key").values_list("key", flat=True)
    assert list(kept) == ["webhook:1", "webhook:2"]
    ours.drop()
    assert list(Lane.objects.exclude(lease="").values_list("key")) == [("mail",)]


@pytest.mark.django_db
def test_a_row_can_be_left_alone_for_a_while(clock: Clock) -> None:
    Lane.objects.create(key="mail")
    first, second = (
        Lease(Lane.objects.all(), span=timedelta(seconds=4), clock=clock)
        for _ in range(2)
    )
    assert first.claim()
    first.release(lease_until=NOON + timedelta(seconds=30))
    assert not first.claim()
    clock.time += timedelta(seconds=30)
    assert not second.claim()
    clock.time += MOMENT
    assert second.claim()


@pytest.mark.django_db
def test_a_lease_that_was_lost_keeps_the_heart_from_no_other(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_heartbeat, "close_old_connections", lambda: None)
    lost, ours = DrainLease(drain().pk, clock), RunLease(run().pk, clock)
    assert ours.claim()
    clock.time += timedelta(seconds=1)
    lease_heartbeat._renew([lost, ours])
    assert Run.objects.get().lease_until == clock.time + ours.span


@each_table
@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_it_at_the_same_moment_one_gets_it(
    table: Table, clock: Clock
) -> None:
    row = table.row()
    many = 8
    ready = threading.Barrier(many)
    got: list[bool] = []

    def want() -> None:
        lease = table.lease(row, clock)
        ready.wait(timeout=60)
        try:
            got.append(lease.claim())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=want) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(got) == [False] * (many - 1) + [True]

"""How one item is made to raise in each lane, and the lane to serve."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import DataError, IntegrityError
from django.utils import timezone

from migrations_app import jobs
from migrations_app.audit import recorder, sign_ins
from migrations_app.drains import engine as drain_engine
from migrations_app.drains import host_services
from migrations_app.drains import plan as drain_plan
from migrations_app.integrations import connect
from migrations_app.inventory.copy_speeds import measure as copy_speed_measure
from migrations_app.inventory.copy_speeds import nightly
from migrations_app.inventory.leaks import scan as leak_scan
from migrations_app.models import (
    LaneOf,
    LeakLook,
    Probe,
    RefusedSignIns,
    Run,
)
from migrations_app.requests import start as request_start
from migrations_app.runs import reenable_hosts, retention, source_cleanup
from migrations_app.runs.engine.run_context import Outcome
from migrations_app.runs.probe import samples
from tests import factories
from tests.inventory.cloud import Listing, hypervisor, service

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=400)
ERRORS: tuple[Exception, ...] = (
    KeyError("flavor"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"),
    OverflowError("Python int too large to convert to C long"),
    IntegrityError("FOREIGN KEY constraint failed"),
    DataError("integer out of range"),
)


@dataclass
class Fault:
    """Raises for the bad item while it is on; notes which others came through."""

    error: Exception
    on: bool = True
    bad: object = None
    served: list[object] = field(default_factory=list)

    def at(self, item: object) -> None:
        if self.on and item == self.bad:
            raise copy.copy(self.error)
        self.served.append(item)


Serve = Callable[[datetime], object]
Arrange = Callable[[Fault, pytest.MonkeyPatch], Serve]
LANES: dict[LaneOf, Arrange] = {}


def lane(name: LaneOf) -> Callable[[Arrange], Arrange]:
    def note(arrange: Arrange) -> Arrange:
        LANES[name] = arrange
        return arrange

    return note


@lane(LaneOf.RUNS)
def runs(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    bad, _ = (factories.run(look_again_at=OLD + at) for at in minutes(2))
    fault.bad = bad.pk

    def walk(run: int, *_: object, **__: object) -> Outcome:
        fault.at(run)
        later = timezone.now() + timedelta(days=9)
        Run.objects.filter(pk=run).update(look_again_at=later)
        return Outcome.WAITING

    patch.setattr(jobs, "walk", walk)
    patch.setattr(jobs, "close_old_connections", lambda: None)

    def serve(now: datetime) -> object:
        patch.setattr(timezone, "now", lambda: now)
        return jobs.walk_due()

    return serve


@lane(LaneOf.STARTS)
def starts(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    approved: dict[str, Any] = {
        "state": "approved",
        "expires_at": NOW + timedelta(days=9),
    }
    bad, _ = (
        factories.request(look_again_at=OLD + at, **approved) for at in minutes(2)
    )
    fault.bad = bad.pk

    def in_the_way(request: Any) -> str:
        fault.at(request.pk)
        return "Wait a bit."

    patch.setattr(reenable_hosts, "in_the_way", in_the_way)
    return request_start.start_due


@lane(LaneOf.EXPIRY)
def expiry(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    bad, _ = (factories.request(expires_at=OLD + at) for at in minutes(2))
    fault.bad = bad.pk
    record_about(fault, patch, request_start)
    return request_start.start_due


@lane(LaneOf.DRAINS)
def drains(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    bad, _ = (
        factories.drain("planning", look_again_at=OLD + at, token=str(at.seconds))
        for at in minutes(2)
    )
    fault.bad = bad.pk
    patch.setattr(drain_plan, "plan", lambda lease, drain: fault.at(drain.pk))
    # what is no error of the database is told on its page, and tried again
    if not isinstance(fault.error, IntegrityError | DataError):
        patch.setattr(drain_engine, "_look", lambda it: fault.at(it.drain_id))
    return lambda now: drain_engine.look_at_due(clock=lambda: now)


@lane(LaneOf.DRAIN_EXPIRY)
def drain_expiry(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    bad, _ = (
        factories.drain(expires_at=OLD + at, token=str(at.seconds)) for at in minutes(2)
    )
    fault.bad = bad.pk
    patch.setattr(drain_engine, "tell", lambda verb, drain, **_: fault.at(drain.pk))
    return lambda now: drain_engine.look_at_due(clock=lambda: now)


@lane(LaneOf.CLOUDS)
def clouds(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    fault.bad = "bad"

    def cloud_of(name: str) -> Listing:
        fault.at(name)
        return Listing(name, hosts=[hypervisor("a")], computes=[service("a")])

    patch.setattr(connect, "cloud_of", cloud_of)

    def serve(now: datetime) -> None:
        patch.setattr(jobs, "close_old_connections", lambda: None)
        for name in ("bad", "good"):
            jobs.sync(name)

    return serve


@lane(LaneOf.ENABLING)
def enabling(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    fault.bad = ("bad", "runs")
    patch.setattr(reenable_hosts, "due_clouds", lambda now: ["bad", "good"])
    patch.setattr(connect, "world_of", lambda name: Listing(name))
    patch.setattr(Listing, "cloud", property(lambda it: it), raising=False)

    def of(kind: str) -> Callable[..., list[str]]:
        def restore(name: str, cloud: object, **_: object) -> list[str]:
            fault.at((name, kind))
            return []

        return restore

    patch.setattr(reenable_hosts, "restore", of("runs"))
    patch.setattr(host_services, "restore", of("drains"))
    return lambda now: jobs.restore_due()


@lane(LaneOf.LEAKS)
def leaks(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    patch.setattr(settings, "NOVAWEB_CLOUDS", ["pretend"])
    patch.setattr(settings, "NOVAWEB_LEAKS_EVERY", 60.0)
    for at, host in zip(minutes(2), ("bad", "good"), strict=True):
        factories.hypervisor(host)
        cloud = factories.cloud()
        LeakLook.objects.create(cloud=cloud, host=host, due_at=OLD + at)
    fault.bad = "bad"
    patch.setattr(leak_scan, "look_at", lambda c, host, w, now: fault.at(host))
    return lambda now: leak_scan.look_due(now, lambda name: None)  # type: ignore[arg-type, return-value]


@lane(LaneOf.SPEEDS)
def nights(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    patch.setattr(settings, "NOVAWEB_CLOUDS", ["bad", "good"])
    patch.setattr(settings, "NOVAWEB_SPEED_AT", "03:30")
    fault.bad = "bad"
    patch.setattr(nightly, "_plan", lambda cloud, now: fault.at(cloud.name))

    def serve(now: datetime) -> None:
        at = nightly.next_at(now)
        assert at is not None
        for name in ("bad", "good"):
            factories.cloud(name).__class__.objects.update(speeds_due_at=at)
        copy_speed_measure.measure_due(at + timedelta(minutes=1))

    return serve


@lane(LaneOf.PROBES)
def probes(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    bad, _ = (Probe.objects.create(run=factories.run(), target="h") for _ in "ab")
    fault.bad = bad.pk
    patch.setattr(samples, "_begin", lambda lease, probe, now: fault.at(probe.pk))

    def serve(now: datetime) -> object:
        patch.setattr(timezone, "now", lambda: now)
        return samples.save_and_claim("token", {}, room=9)

    return serve


@lane(LaneOf.SWEEPS)
def sweeps(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    bad, _ = (
        factories.run(
            of=factories.request(
                procedure="manual", state="completed", token=f"t{at.seconds}"
            ),
            state="completed",
            ended_at=OLD + at,
        )
        for at in minutes(2)
    )
    fault.bad = bad.request.token
    patch.setattr(source_cleanup, "recorded", lambda world, **_: world)
    patch.setattr(source_cleanup, "_sweep", lambda world, move: fault.at(move.token))
    return lambda now: source_cleanup.sweep_due(now, lambda name: None)  # type: ignore[arg-type, return-value]


@lane(LaneOf.REMOVALS)
def removals(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    bad, _ = (
        factories.run(state="completed", ended_at=OLD - timedelta(days=9999) + at)
        for at in minutes(2)
    )
    fault.bad = bad.pk
    record_about(fault, patch, retention)
    return retention.remove_due


@lane(LaneOf.REFUSALS)
def refusals(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    for number, at in enumerate(minutes(2), start=1):
        RefusedSignIns.objects.create(minute=OLD + at, counted=number)
    fault.bad = 1

    def record(verb: str, *, after: dict[str, Any], **_: object) -> None:
        fault.at(after["count"])

    patch.setattr(recorder, "record", record)
    return sign_ins.record_counted


@lane(LaneOf.PERIODIC)
def periodic(fault: Fault, patch: pytest.MonkeyPatch) -> Serve:
    fault.bad = "bad"

    def row(name: str) -> jobs.Periodic:
        def rings(now: datetime) -> list[tuple[str, ...]]:
            fault.at(name)
            return []

        def job() -> None: ...

        job.__qualname__ = name
        return jobs.Periodic(job, rings, "default")

    table = (row("bad"), row("good"))
    return lambda now: jobs.Scheduler(table, clock=lambda: now).ring()


def minutes(count: int) -> list[timedelta]:
    return [timedelta(minutes=number) for number in range(1, count + 1)]


def record_about(fault: Fault, patch: pytest.MonkeyPatch, module: Any) -> None:
    """The audit trail cannot be written to about the bad one."""
    patch.setattr(
        module.recorder, "record", lambda verb, about=None, **_: fault.at(about.pk)
    )

"""What RQ runs, the table of what it is rung for again and again, and what web asks.

The database says what is to be done; a job only says when.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial, wraps
from typing import ParamSpec, TypeVar

import structlog
from django.db import Error, close_old_connections, connection
from django.utils import timezone

from migrations_app.audit import sign_ins, watch
from migrations_app.drains import engine as drain_engine
from migrations_app.drains import host_services
from migrations_app.errors import NovawebError
from migrations_app.integrations import connect
from migrations_app.inventory import sync as inventory_sync
from migrations_app.inventory.copy_speeds import measure as copy_speed_measure
from migrations_app.inventory.leaks import scan as leak_scan
from migrations_app.models import LaneOf, OneByOne, Run
from migrations_app.notifications import delivery, dispatch
from migrations_app.requests import start as request_start
from migrations_app.runs import (
    reenable_hosts,
    retention,
    source_cleanup,
    wakeup,
)
from migrations_app.runs.engine.lease import due_runs
from migrations_app.runs.engine.run_context import Outcome
from migrations_app.runs.engine.walk import walk

log = structlog.get_logger(__name__)
# So long one job may go on finding due runs before it lets other jobs have a turn.
SPELL = 10.0
MINUTE = timedelta(minutes=1)
P = ParamSpec("P")
T = TypeVar("T")


def noted(job: Callable[P, T]) -> Callable[P, T | None]:
    """Return the job as one whose failure is noted: a failed RQ job nobody looks at.

    What it does to single items is guarded there; this is for the rest of it. Raises
    the error when the database is away.
    """

    @wraps(job)
    def do(*args: P.args, **kwargs: P.kwargs) -> T | None:
        lane = OneByOne(LaneOf.PERIODIC, timezone.now())
        return lane.serve(job.__qualname__, partial(job, *args, **kwargs))

    return do


def walk_due() -> int:
    """Advance due runs and start due requests; return the number of runs advanced.

    A few of each at a time, so that neither blocks the other: the check before a start
    takes as long as the cloud takes to answer. An error about one run, request or drain
    is noted (models/failed_item.py), and the next is served.
    """
    close_old_connections()
    began, walked = time.monotonic(), 0
    while time.monotonic() - began < SPELL:
        due = list(due_runs(timezone.now()).values_list("pk", flat=True)[:20])
        runs = OneByOne(LaneOf.RUNS, timezone.now())
        for run_id in due:
            walk_it = partial(_walk, run_id)
            walked += bool(runs.serve(f"run {run_id}", walk_it, number=run_id))
        if not due and due_since(timezone.now()) is None:
            break
        request_start.start_due(timezone.now(), most=5)
        drain_engine.look_at_due()
    return walked


def due_since(now: datetime) -> datetime | None:
    """Return since when requests or other work are due; None if nothing is."""
    since = (request_start.due_since(now), drain_engine.due_since(now))
    return min((at for at in since if at is not None), default=None)


def _walk(run_id: int) -> bool:
    outcome = walk(run_id, connect.world_of, clock=timezone.now)
    if outcome is Outcome.ENDED:
        _refresh(run_id)
    return outcome is not None


def _refresh(run_id: int) -> None:
    """Read the moved instance again, so that pages are up to date at once."""
    request = Run.objects.select_related("request__cloud").get(pk=run_id).request
    if request.drain_id:
        drain_engine.wake(request.drain_id, now=timezone.now())
    name = request.cloud.name
    try:
        cloud = connect.world_of(name).cloud
        inventory_sync.refresh_instance(
            name, cloud, request.instance, now=timezone.now()
        )
    except NovawebError as error:
        log.warning("instance not read again", run=run_id, reason=error.sentence)
    except Exception:
        # the next sync reads it; the other runs must not wait for that
        log.exception("instance not read again", run=run_id)


def restore_due() -> list[str]:
    """Enable hosts that runs and drains left disabled; return the hosts.

    In the due clouds. What fails in one of them, or in one of both ways, keeps none of
    the others waiting.
    """
    restored: list[str] = []
    lane = OneByOne(LaneOf.ENABLING, timezone.now())
    for name in reenable_hosts.due_clouds(timezone.now()):
        of_runs = partial(_left_by_runs, name)
        restored += lane.serve(f"{name}, of runs", of_runs) or []
        of_drains = partial(_left_by_drains, name)
        restored += lane.serve(f"{name}, of drains", of_drains) or []
    return restored


def _left_by_runs(name: str) -> list[str]:
    cloud = connect.world_of(name).cloud
    return reenable_hosts.restore(name, cloud, now=timezone.now())


def _left_by_drains(name: str) -> list[str]:
    return host_services.restore(name, connect.world_of(name).cloud)


@noted
def tend_proof() -> None:
    """Sign and verify the audit trail as far as it is due, on this machine."""
    watch.tend(timezone.now())


def sync(cloud_name: str) -> None:
    """Read the cloud's inventory. Each cloud is a job of its own."""
    close_old_connections()
    lane = OneByOne(LaneOf.CLOUDS, timezone.now())
    lane.serve(cloud_name, partial(_sync, cloud_name))


def _sync(cloud_name: str) -> None:
    inventory_sync.sync(cloud_name, connect.cloud_of(cloud_name), now=timezone.now())


@noted
def measure_speeds() -> None:
    """Advance the due measurements of copy speeds."""
    close_old_connections()
    copy_speed_measure.measure_due(timezone.now())


@noted
def deliver_due() -> None:
    """Create notifications, and send due messages in other threads."""
    close_old_connections()
    try:
        dispatch.tell_due(timezone.now())
    finally:
        # what is to be sent waits for no entry that cannot be told
        delivery.begin(timezone.now())


@noted
def look_for_leaks() -> None:
    """Scan the due hosts for stale resources."""
    close_old_connections()
    leak_scan.look_due(timezone.now(), connect.world_of)


@noted
def count_refusals() -> None:
    """Record how many more sign-ins were refused in the minutes that are over."""
    close_old_connections()
    sign_ins.record_counted(timezone.now())


@noted
def remove_old() -> None:
    """Remove records older than the settings allow, a part at a time."""
    close_old_connections()
    retention.remove_due(timezone.now())


@noted
def sweep_aside() -> None:
    """Remove folders of manual moves that were set aside long enough ago."""
    close_old_connections()
    source_cleanup.sweep_due(timezone.now(), connect.world_of)


# -- what is rung for again and again -------------------------------------------------

Rings = Callable[[datetime], Iterable[tuple[str, ...]]]


def _once(is_due: Callable[[datetime], bool]) -> Rings:
    return lambda now: [()] if is_due(now) else []


def _each(due: Callable[[datetime], list[str]]) -> Rings:
    return lambda now: [(name,) for name in due(now)]


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job for which the pacer rings about once a second, while it is due.

    ``rings`` returns the arguments of each ring; none: nothing is due.
    """

    job: Callable[..., object]
    rings: Rings
    queue: str
    # Where Redis cannot be reached the pacer does it itself.
    fallback: bool = False
    # For so long it is not asked again after nothing was due.
    idle: timedelta = timedelta()

    @property
    def name(self) -> str:
        """The job's path, by which RQ finds it."""
        return f"{self.job.__module__}.{self.job.__qualname__}"


# A new one is a function above and a line here.
PERIODIC = (
    Periodic(sync, _each(inventory_sync.due_clouds), "inventory"),
    # without a bell people hear of it all the same
    Periodic(deliver_due, _once(delivery.is_due), "default", fallback=True),
    Periodic(count_refusals, _once(sign_ins.is_due), "default", idle=MINUTE),
    # looking for what is old takes longer than the others' questions
    Periodic(remove_old, _once(retention.is_due), "default", idle=timedelta(hours=1)),
    Periodic(sweep_aside, _once(source_cleanup.is_due), "default"),
    Periodic(look_for_leaks, _once(leak_scan.is_due), "inventory"),
    Periodic(measure_speeds, _once(copy_speed_measure.is_due), "default"),
)


# All that a worker carries out, whatever a queue holds.
NAMES = frozenset({f"{__name__}.walk_due", *(row.name for row in PERIODIC)})


@dataclass(slots=True)
class Scheduler:
    """Looks at the table of periodic jobs, again and again; one in each process."""

    table: tuple[Periodic, ...] = PERIODIC
    clock: Callable[[], datetime] = timezone.now
    _rests_until: dict[str, datetime] = field(default_factory=dict)

    def ring(self) -> None:
        """Ring for what is due. One that fails is noted, and keeps none waiting."""
        lane = OneByOne(LaneOf.PERIODIC, self.clock())
        for row in self.table:
            try:
                lane.serve(f"whether {row.name} is due", partial(self._ring, row))
            except Error as error:
                log.warning("database went away", job=row.name, reason=str(error))
                connection.close()

    def _ring(self, row: Periodic) -> None:
        now = self.clock()
        if row.name in self._rests_until and now < self._rests_until[row.name]:
            return
        rings = list(row.rings(now))
        if not rings:
            self._rest(row, now, row.idle)
        for arguments in rings:
            rung = wakeup.ring_now(row.name, *arguments, queue=row.queue)
            if not rung and row.fallback:
                row.job(*arguments)

    def _rest(self, row: Periodic, now: datetime, span: timedelta) -> None:
        # one that never rests must not wait for a clock that was set back
        if span:
            self._rests_until[row.name] = now + span

"""What pages and the API read. Every query is here, and none stands in a loop."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, F, Max, Q, QuerySet
from django.utils import timezone

from migrations_app.errors import Gone
from migrations_app.models import (
    AuditEntry,
    Cloud,
    CopySpeed,
    Decision,
    Hypervisor,
    Instance,
    Line,
    MigrationRequest,
    Pacer,
    Run,
    Snapshot,
    Step,
)
from migrations_app.policy import Person, Role
from migrations_app.states import OPEN_REQUESTS, WALKING_RUNS, RequestState, RunState

OPEN = [str(state) for state in OPEN_REQUESTS]
WALKING = [str(state) for state in WALKING_RUNS]
PACER_PATIENCE = timedelta(seconds=10)
LINES_ON_A_PAGE = 1000


# -- is what we show still so? ------------------------------------------------------


def worker_trouble() -> str:
    """Return why runs stand still, as a sentence; empty: a worker looks for them."""
    seen = Pacer.objects.filter(pk=1).values_list("seen_at", flat=True).first()
    if seen is None:
        return (
            "No worker is running: no move starts or goes on until one is started with"
            " “manage.py worker”."
        )
    if timezone.now() - seen > PACER_PATIENCE:
        return (
            f"No worker is running: none has looked for work since {seen:%H:%M:%S} UTC"
            f" on {seen:%d %b}. Moves stand still, and go on as soon as one is started"
            " with “manage.py worker”."
        )
    return ""


@dataclass(frozen=True)
class Freshness:
    """How old our copy of a cloud is, and why it is not newer."""

    cloud: Cloud
    stale: bool

    @property
    def as_of(self) -> datetime | None:
        """When it was last read as a whole; None: never."""
        return self.cloud.synced_at


def freshness() -> list[Freshness]:
    """Return how fresh our copy of each cloud is, by the clouds' names."""
    late = timezone.now() - timedelta(seconds=3 * settings.NOVAWEB_SYNC_EVERY)
    return [
        Freshness(
            cloud=cloud,
            stale=bool(
                cloud.trouble or cloud.synced_at is None or cloud.synced_at < late
            ),
        )
        for cloud in Cloud.objects.all()
    ]


# -- inventory ----------------------------------------------------------------------


def instances() -> QuerySet[Instance]:
    """Return all instances with their clouds."""
    return Instance.objects.select_related("cloud")


def instance(uuid: str) -> Instance:
    """Return the instance. Raises Gone when our copy of the clouds has none."""
    row = instances().filter(uuid=uuid).first()
    if row is None:
        raise Gone(
            f"No instance {uuid} is known here. If it is new, it appears after the next"
            " reading of the inventory; if it is not, it was deleted."
        )
    return row


def open_requests(uuids: Iterable[str]) -> dict[str, MigrationRequest]:
    """Return the open request of each of these instances that has one."""
    rows = MigrationRequest.objects.filter(instance__in=list(uuids), state__in=OPEN)
    return {row.instance: row for row in rows}


def hypervisors() -> QuerySet[Hypervisor]:
    """Return all hypervisors with their clouds."""
    return Hypervisor.objects.select_related("cloud")


def hypervisor(host: str, *, cloud: str = "") -> Hypervisor:
    """Return the hypervisor whose nova-compute has that name. Raises Gone."""
    rows = hypervisors().filter(host=host)
    row = (rows.filter(cloud__name=cloud) if cloud else rows).first()
    if row is None:
        raise Gone(
            f"No hypervisor {host} is known here. Choose one from the list of"
            " hypervisors."
        )
    return row


def snapshots(of: Hypervisor, *, since: datetime, grain: int) -> list[Snapshot]:
    """Return the host's snapshots of that grain (minutes) since then, oldest first."""
    rows = Snapshot.objects.filter(cloud=of.cloud_id, host=of.host, at__gte=since)
    return list(rows.filter(grain=grain).order_by("at"))


def moves_at(of: Hypervisor) -> list[MigrationRequest]:
    """Return the open requests that would take an instance from or to the host.

    Without what fills a request's own page, and no list of them.
    """
    rows = MigrationRequest.objects.filter(state__in=OPEN, cloud=of.cloud_id)
    here = rows.filter(Q(source=of.host) | Q(target=of.host))
    return list(here.defer("facts", "plan", "findings", "what_if", "differences"))


def mark_of(host: Hypervisor, moves: Iterable[MigrationRequest]) -> str:
    """Return a text that is another one when what its page shows may have changed.

    ``moves`` are those of ``moves_at``.
    """
    there = Instance.objects.filter(cloud=host.cloud_id, host=host.host)
    read = there.order_by().aggregate(number=Count("pk"), last=Max("seen_at"))
    facts = (
        *(host.vcpus_used, host.memory_used, host.disk_used, host.up, host.enabled),
        *(host.seen_at, read["number"], read["last"]),
        *((move.pk, move.state) for move in moves),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def speeds(cloud: str, source: str, target: str) -> list[CopySpeed]:
    """Return the measurements from one host to another, newest first."""
    rows = CopySpeed.objects.filter(cloud__name=cloud, source=source, target=target)
    return list(rows.order_by("-id"))


# -- requests -----------------------------------------------------------------------


def requests() -> QuerySet[MigrationRequest]:
    """Return all requests, newest first, with their clouds and runs."""
    return MigrationRequest.objects.select_related("cloud", "run")


def request(number: int) -> MigrationRequest:
    """Return the request of that number. Raises Gone when there is none."""
    row = requests().filter(pk=number).first()
    if row is None:
        raise Gone(f"There is no request #{number}.")
    return row


def waiting_for(person: Person) -> QuerySet[MigrationRequest]:
    """Return the requests that the person may decide about and has not yet."""
    rows = requests()
    may = Role.APPROVER in person.roles or person.lent
    if person.id is None or not may or person.superuser:
        return rows.none()
    decided = Decision.objects.filter(by=person.id).values("request_id", "plan_digest")
    return (
        rows.filter(state=RequestState.REQUESTED, drain=None)
        .exclude(asked_by=person.id)
        .exclude(changed_by=person.id)
        .exclude(
            pk__in=decided.filter(plan_digest=F("request__plan_digest")).values(
                "request_id"
            )
        )
    )


def decisions(of: MigrationRequest) -> list[Decision]:
    """Return every decision about the request, oldest first."""
    return list(of.decisions.all())


# -- runs ---------------------------------------------------------------------------


def run(number: int) -> Run:
    """Return the run with its request and cloud. Raises Gone when there is none."""
    row = Run.objects.select_related("request__cloud").filter(pk=number).first()
    if row is None:
        raise Gone(f"There is no run {number}.")
    return row


def steps(of: Run) -> list[Step]:
    """Return the run's steps in the order of the plan."""
    return list(of.steps.all())


def lines_after(run: int, number: int, *, limit: int = 500) -> list[Line]:
    """Return the lines that follow the one of that number: the log's one reader.

    Numbers are given out under the run's row lock, so that a reader whose cursor is a
    number never misses a late commit.
    """
    return list(Line.objects.filter(run=run, number__gt=number)[:limit])


@dataclass(frozen=True)
class Pulse:
    """What tells a watcher whether anything about a run may have changed."""

    state: str
    last_number: int
    looked_at: datetime | None
    stop_asked_at: datetime | None
    force_asked_at: datetime | None

    @property
    def over(self) -> bool:
        """Nothing more will be written."""
        return self.state not in (*WALKING, str(RunState.HELD))


def pulse(run: int) -> Pulse:
    """Return the run's pulse, by its primary key alone. Raises Gone."""
    row = (
        Run.objects.filter(pk=run)
        .values_list(
            "state", "last_number", "looked_at", "stop_asked_at", "force_asked_at"
        )
        .first()
    )
    if row is None:
        raise Gone(f"There is no run {run}.")
    return Pulse(*row)


# -- what needs somebody ------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """What lies before a person when they come in."""

    waiting: list[MigrationRequest]
    held: list[Run]
    moving: list[Run]
    mine: list[MigrationRequest]
    ended: list[MigrationRequest]


def desk(person: Person, *, most: int = 20) -> Desk:
    """Return what needs the person, what is under way, and what has just ended."""
    runs = Run.objects.select_related("request__cloud")
    under_way = runs.filter(state__in=WALKING).prefetch_related("steps")
    mine = requests().filter(asked_by=person.id, state__in=OPEN)
    ended = requests().exclude(state__in=OPEN)
    return Desk(
        waiting=list(waiting_for(person)[:most]),
        held=list(runs.filter(state=RunState.HELD)[:most]),
        moving=list(under_way[:most]),
        mine=list(mine[:most]) if person.id is not None else [],
        ended=list(ended[:5]),
    )


# -- audit --------------------------------------------------------------------------


def audit_entries() -> QuerySet[AuditEntry]:
    """Return the audit trail, newest first."""
    return AuditEntry.objects.all()


def audit_entry(number: int) -> AuditEntry:
    """Return the entry of that number. Raises Gone when there is none."""
    row = audit_entries().filter(pk=number).first()
    if row is None:
        raise Gone(f"There is no audit entry {number}.")
    return row


def audit_of(request: MigrationRequest) -> list[AuditEntry]:
    """Return what the trail says about the request, oldest first."""
    return list(AuditEntry.objects.filter(request_number=request.pk).order_by("id"))

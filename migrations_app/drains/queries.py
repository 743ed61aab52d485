"""What pages and the API read of drains. No query here stands in a loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet

from migrations_app.access.permissions import Person, Role
from migrations_app.drains import approvals as rulings
from migrations_app.drains.fleet import fleet_of
from migrations_app.drains.planner.effect import Effect, effect
from migrations_app.drains.planner.model import Limits, Task
from migrations_app.models import AuditEntry, Decision, Drain, MigrationRequest
from migrations_app.models.lookup import get_or_gone
from migrations_app.models.states import (
    BEFORE_START,
    OPEN_DRAINS,
    STARTED_DRAINS,
    DrainState,
    RequestState,
)
from migrations_app.requests.approvals.status import ApprovalStatus


def drains() -> QuerySet[Drain]:
    """Return all drains, newest first, with their clouds."""
    return Drain.objects.select_related("cloud")


def drain(number: int) -> Drain:
    """Return the drain of that number. Raises Gone when there is none."""
    return get_or_gone(drains(), number, "drain")


def moves(of: Drain) -> list[MigrationRequest]:
    """Return its moves in their order, with their runs."""
    rows = MigrationRequest.objects.filter(drain=of).select_related("run")
    # the page shows neither, and each may be long
    return list(rows.defer("plan", "what_if", "differences").order_by("place", "id"))


def moving(instance: str) -> QuerySet[MigrationRequest]:
    """Return the moves in drains of instances with that in the name, or as the UUID."""
    named = Q(instance_name__icontains=instance) | Q(instance=instance.lower())
    return MigrationRequest.objects.filter(named, drain__isnull=False)


def waiting_for(person: Person) -> QuerySet[Drain]:
    """Return the drains that the person may decide about and has not yet."""
    may = Role.APPROVER in person.roles or person.delegated
    if person.id is None or not may or person.superuser:
        return drains().none()
    decided = Decision.objects.filter(
        by=person.id, drain__isnull=False, plan_digest=F("drain__plan_digest")
    )
    rows = drains().filter(state=DrainState.REQUESTED).exclude(asked_by=person.id)
    return rows.exclude(pk__in=decided.values("drain"))


@dataclass(frozen=True, slots=True)
class Desk:
    """The drains that wait for a person's decision, and those that are open else."""

    waiting: list[Drain]
    open: list[Drain]


def desk(person: Person, *, most: int = 20) -> Desk:
    """Return the drains that need the person, and those that go on by themselves."""
    waiting = list(waiting_for(person)[:most])
    mine = Q(asked_by=person.id) if person.id is not None else Q(pk__in=[])
    started = Q(state__in=STARTED_DRAINS)
    others = drains().filter(started | mine, state__in=OPEN_DRAINS)
    rows = others.exclude(pk__in=[row.pk for row in waiting])
    return Desk(waiting=waiting, open=list(rows[:most]))


def counts(of: Collection[int]) -> dict[int, tuple[int, int]]:
    """Return of each of these drains how many instances it moved, and of how many."""
    rows = (
        MigrationRequest.objects.filter(drain__in=of)
        .order_by()
        .values("drain")
        .annotate(
            whole=Count("pk"), moved=Count("pk", filter=Q(state=RequestState.COMPLETED))
        )
    )
    return {row["drain"]: (row["moved"], row["whole"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of a drain's moves are done, under way, waiting, and left."""

    whole: int
    moved: int
    moving: int
    waiting: int

    @property
    def left(self) -> int:
        """Those that were not moved, and will not be."""
        return self.whole - self.moved - self.moving - self.waiting


def tally(of: Collection[MigrationRequest]) -> Tally:
    """Return how far the moves are."""
    states = Counter(str(row.state) for row in of)
    return Tally(
        whole=len(of),
        moved=states[RequestState.COMPLETED],
        moving=states[RequestState.RUNNING],
        waiting=sum(states[state] for state in BEFORE_START),
    )


def decisions(of: Drain) -> list[Decision]:
    """Return every decision about the drain, oldest first."""
    return list(Decision.objects.filter(drain=of))


def approval_statuses(of: Drain) -> list[ApprovalStatus]:
    """Return where its approvals stand under each rule; empty: no policy is for it."""
    return rulings.approval_statuses(of) or []


def history(of: Drain) -> list[AuditEntry]:
    """Return what the trail says about the drain itself, oldest first."""
    rows = AuditEntry.objects.filter(verb__startswith="drain.", after__drain=of.pk)
    return list(rows.exclude(verb="drain.move_planned").order_by("id")[:200])


def limits(of: Drain) -> Limits:
    """Return how many moves it has under way at once."""
    return Limits(**of.limits)


def foreseen(of: Drain, rows: Collection[MigrationRequest]) -> Effect:
    """Return what its moves do to hosts, by our copy of the cloud as it is now."""
    fleet = fleet_of(
        of.cloud, of.hosts, tuple(row.instance for row in rows), asked=False
    )
    tasks = [
        Task(row.instance, row.source, row.target or "", row.procedure)
        for row in rows
        if row.target and row.instance in fleet.guests
    ]
    return effect(fleet, tasks, limits=limits(of))

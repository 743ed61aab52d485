"""Queries on drains for pages and API; none is called in a loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet

from migrations_app.access.permissions import Person, Role
from migrations_app.drains import approvals as drain_approvals
from migrations_app.drains.fleet import fleet_of
from migrations_app.drains.planner.effect import Effect, effect
from migrations_app.drains.planner.model import Limits, Task
from migrations_app.models import (
    AuditEntry,
    Decision,
    Drain,
    Hypervisor,
    MigrationRequest,
)
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


def of_ticket(ticket: str, *, or_number: int | None = None) -> QuerySet[Drain]:
    """Return the drains of that ticket, and the one of that number."""
    return drains().filter(Q(ticket=ticket) | Q(pk=or_number)).order_by("-pk")


def moves(of: Drain) -> list[MigrationRequest]:
    """Return its moves in their order, with their runs."""
    rows = MigrationRequest.objects.filter(drain=of).select_related("run")
    # the page shows neither, and each may be long
    return list(
        rows.defer("plan", "what_if", "differences", "checked").order_by("place", "id")
    )


def moving(instance: str) -> QuerySet[MigrationRequest]:
    """Return the moves in drains of instances with that name part or UUID."""
    named = Q(instance_name__icontains=instance) | Q(instance=instance.lower())
    return MigrationRequest.objects.filter(named, drain__isnull=False)


def waiting_for(person: Person) -> QuerySet[Drain]:
    """Return the drains that wait for a decision of this person."""
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
    """Drains that wait for a person's decision, and other open drains."""

    waiting: list[Drain]
    open: list[Drain]


def desk(person: Person, *, most: int = 20) -> Desk:
    """Return the drains for the person's home page."""
    waiting = list(waiting_for(person)[:most])
    mine = Q(asked_by=person.id) if person.id is not None else Q(pk__in=[])
    started = Q(state__in=STARTED_DRAINS)
    others = drains().filter(started | mine, state__in=OPEN_DRAINS)
    rows = others.exclude(pk__in=[row.pk for row in waiting])
    return Desk(waiting=waiting, open=list(rows[:most]))


def counts(of: Collection[int]) -> dict[int, tuple[int, int]]:
    """Return for each drain the number of moved instances and of all to be moved."""
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
    """Numbers of a drain's instances: moved, running, waiting, not moved."""

    whole: int
    moved: int
    moving: int
    waiting: int

    @property
    def left(self) -> int:
        """Number of instances that will not be moved, or have no move at all."""
        return self.whole - self.moved - self.moving - self.waiting


def tally(of: Collection[MigrationRequest], *, stays: int) -> Tally:
    """Return the progress of the moves; ``stays``: instances that have none."""
    states = Counter(str(row.state) for row in of)
    return Tally(
        whole=len(of) + stays,
        moved=states[RequestState.COMPLETED],
        moving=states[RequestState.RUNNING],
        waiting=sum(states[state] for state in BEFORE_START),
    )


def decisions(of: Drain) -> list[Decision]:
    """Return every decision about the drain, oldest first."""
    return list(Decision.objects.filter(drain=of))


def approval_statuses(of: Drain) -> list[ApprovalStatus]:
    """Return where its approvals stand under each rule; empty: no policy is for it."""
    return drain_approvals.approval_statuses(of) or []


def history(of: Drain) -> list[AuditEntry]:
    """Return what happened to the drain itself, oldest first: its audit entries."""
    rows = audited(of).exclude(verb__in=("drain.move_planned", "drain.evidence_opened"))
    return list(rows[:200])


def audited(of: Drain) -> QuerySet[AuditEntry]:
    """Return all audit entries about the drain, oldest first."""
    rows = AuditEntry.objects.filter(verb__startswith="drain.", after__drain=of.pk)
    return rows.order_by("id")


def limits(of: Drain) -> Limits:
    """Return the drain's limits for parallel moves."""
    return Limits(**of.limits)


def left_disabled(of: Drain) -> list[str]:
    """Return the hosts that it disabled and that are so still, by the inventory."""
    ours = [
        each["host"]
        for each in of.services
        if each.get("disabled_at") and not each.get("enabled_at")
    ]
    if not ours:
        return []
    rows = Hypervisor.objects.filter(cloud=of.cloud_id, host__in=ours, enabled=False)
    return sorted(rows.values_list("host", flat=True))


def foreseen(of: Drain, rows: Collection[MigrationRequest]) -> Effect:
    """Return the effect of its moves, from novaweb's current copy of the cloud."""
    fleet = fleet_of(
        of.cloud, of.hosts, tuple(row.instance for row in rows), asked=False
    )
    tasks = [
        Task(row.instance, row.source, row.target or "", row.procedure)
        for row in rows
        if row.target and row.instance in fleet.guests
    ]
    return effect(fleet, tasks, limits=limits(of))

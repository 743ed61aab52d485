"""What pages and the API read of requests. No query stands in a loop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from migrations_app.access.permissions import Person, Role
from migrations_app.models import (
    AuditEntry,
    Decision,
    Hypervisor,
    MigrationRequest,
    Run,
)
from migrations_app.models.lookup import get_or_gone
from migrations_app.models.states import (
    OPEN_REQUESTS,
    WALKING_RUNS,
    RequestState,
    RunState,
)


def open_requests(uuids: Iterable[str]) -> dict[str, MigrationRequest]:
    """Return the open request of each instance that has one."""
    rows = MigrationRequest.objects.filter(
        instance__in=list(uuids), state__in=OPEN_REQUESTS
    )
    return {row.instance: row for row in rows}


def moves_at(of: Hypervisor) -> list[MigrationRequest]:
    """Return the open requests that move an instance from or to the host.

    Without the large fields that only the request's page shows.
    """
    rows = MigrationRequest.objects.filter(state__in=OPEN_REQUESTS, cloud=of.cloud_id)
    here = rows.filter(Q(source=of.host) | Q(target=of.host))
    return list(
        here.defer("facts", "plan", "findings", "what_if", "differences", "checked")
    )


# -- requests -----------------------------------------------------------------------


def requests() -> QuerySet[MigrationRequest]:
    """Return all requests, newest first, with their clouds and runs."""
    return MigrationRequest.objects.select_related("cloud", "run")


def request(number: int) -> MigrationRequest:
    """Return the request of that number. Raises Gone when there is none."""
    return get_or_gone(requests(), number, "request")


def last_plan(row: MigrationRequest) -> AuditEntry | None:
    """Return the entry by which the request got its plan; None: of a drain's move."""
    verbs = ("request.asked", "request.amended", "request.voided")
    rows = AuditEntry.objects.filter(request_number=row.pk, verb__in=verbs)
    return rows.order_by("-pk").first()


def waiting_for(person: Person) -> QuerySet[MigrationRequest]:
    """Return the requests that wait for a decision of this person."""
    rows = requests()
    may = Role.APPROVER in person.roles or person.delegated
    if person.id is None or not may or person.superuser:
        return rows.none()
    mine = AuditEntry.objects.filter(
        actor=person.id, verb="request.amended", request_number=OuterRef("pk")
    )
    decided = Decision.objects.filter(by=person.id).values("request_id", "plan_digest")
    return (
        rows.filter(state=RequestState.REQUESTED, drain=None)
        .exclude(asked_by=person.id)
        .exclude(Exists(mine))
        .exclude(
            pk__in=decided.filter(plan_digest=F("request__plan_digest")).values(
                "request_id"
            )
        )
    )


def decisions(of: MigrationRequest) -> list[Decision]:
    """Return every decision about the request, oldest first."""
    return list(of.decisions.all())


# -- what needs somebody ------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """Data of a person's home page."""

    waiting: list[MigrationRequest]
    held: list[Run]
    moving: list[Run]
    mine: list[MigrationRequest]
    ended: list[MigrationRequest]


def desk(person: Person, *, most: int = 20) -> Desk:
    """Return the person's tasks, running moves, and recent requests."""
    runs = Run.objects.select_related("request__cloud")
    under_way = runs.filter(state__in=WALKING_RUNS).prefetch_related("steps")
    mine = requests().filter(asked_by=person.id, state__in=OPEN_REQUESTS)
    ended = requests().exclude(state__in=OPEN_REQUESTS)
    return Desk(
        waiting=list(waiting_for(person)[:most]),
        held=list(runs.filter(state=RunState.HELD)[:most]),
        moving=list(under_way[:most]),
        mine=list(mine[:most]) if person.id is not None else [],
        ended=list(ended[:5]),
    )


def audit_of(request: MigrationRequest) -> list[AuditEntry]:
    """Return what the trail says about the request, oldest first."""
    return list(AuditEntry.objects.filter(request_number=request.pk).order_by("id"))

"""Recipients of events: read once for many events, then evaluated in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Q

from migrations_app.access.permissions import Role
from migrations_app.models import AuditEntry, Delegation, MigrationRequest
from migrations_app.notifications.events import EVENTS, Event, Whom
from migrations_app.requests.approvals import evaluate
from migrations_app.requests.approvals.status import ApprovalStatus

_ROLE_OF = {Whom.OPERATORS: Role.OPERATOR, Whom.AUDITORS: Role.AUDITOR}
_ROLES = frozenset(str(role) for role in Role)
WAITS = EVENTS["waits"]


@dataclass(frozen=True, slots=True)
class Reader:
    """Person who can see novaweb, with their addresses.

    ``says``: for each approver whose right they have (themselves included) the groups.
    """

    id: int
    name: str
    mail: str
    groups: frozenset[int]
    roles: frozenset[str]
    says: tuple[tuple[int, frozenset[str]], ...] = ()


@dataclass(frozen=True, slots=True)
class House:
    """All possible recipients, and the requests of the entries."""

    now: datetime
    readers: tuple[Reader, ...]
    requests: dict[int, MigrationRequest]
    approval_statuses: dict[int, ApprovalStatus | None] = field(default_factory=dict)

    def concerned(self, event: Event, entry: AuditEntry) -> set[int]:
        """Return the ids of the people the event concerns.

        The actor is none of them, but as the owner of the account.
        """
        request = self.requests.get(entry.request_number or 0)
        found: set[int] = set()
        for whom in event.whom:
            if whom is Whom.REQUESTER:
                if request is not None and request.asked_by_id:
                    found.add(request.asked_by_id)
            elif whom is Whom.DECIDERS:
                found |= self._deciders(event, request)
            elif whom is not Whom.OWNER:
                role = str(_ROLE_OF[whom])
                found |= {each.id for each in self.readers if role in each.roles}
        found -= {entry.actor_id or 0}
        if Whom.OWNER in event.whom:
            found |= self._owner(entry)
        return found & {each.id for each in self.readers}

    def _owner(self, entry: AuditEntry) -> set[int]:
        """Return the id of the account that the entry is about: its actor's, or other.

        Entries about accounts name it; those about tokens are by the token's owner.
        """
        name = entry.after.get("name") or entry.before.get("name")
        if not entry.verb.startswith("account."):
            return {entry.actor_id or 0}
        return {each.id for each in self.readers if each.name == name}

    def next_stage(self, entry: AuditEntry) -> bool:
        """Return whether this approval completed a stage and another stage follows."""
        request = self.requests.get(entry.request_number or 0)
        if entry.verb != "request.approved" or request is None:
            return False
        found = self._approval_status(request)
        stage = found.current if found else None
        later = found is not None and stage in found.stages[1:]
        return later and stage is not None and not stage.approvals

    def _deciders(self, event: Event, request: MigrationRequest | None) -> set[int]:
        """Return the people who may approve, by their own or a delegated right.

        For a request: those its policy names (for ``waits``: in the current stage),
        never who has a hand in it.
        """
        if request is None:
            return {each.id for each in self.readers if each.says}
        found = self._approval_status(request)
        hands = found.hands.deeds if found is not None else {}
        groups: set[str] = set()
        if found is not None:
            stages = found.stages if found.current is None else (found.current,)
            if event is not WAITS:
                stages = found.stages
            groups = {group for each in stages for group in each.stage.groups}
        return {
            each.id
            for each in self.readers
            if each.id not in hands
            and any(giver not in hands and names & groups for giver, names in each.says)
        }

    def _approval_status(self, request: MigrationRequest) -> ApprovalStatus | None:
        if request.pk not in self.approval_statuses:
            self.approval_statuses[request.pk] = evaluate.approval_status_of(
                request, now=self.now
            )
        return self.approval_statuses[request.pk]


def read(entries: Iterable[AuditEntry], *, now: datetime) -> House:
    """Return the current people, and the requests of these entries."""
    lent = _lent(now)
    some = Q(groups__name__in=_ROLES) | Q(pk__in=lent)
    people = User.objects.filter(some, is_active=True).distinct()
    rows = {user.pk: user for user in people.prefetch_related("groups")}
    own = {pk: _own_say(user) for pk, user in rows.items()}
    readers = []
    for pk, user in rows.items():
        givers = [pk, *lent.get(pk, ())]
        says = tuple((each, own[each]) for each in givers if own.get(each))
        # a superuser's say never counts, in whose name ever
        says = () if user.is_superuser else says
        roles = frozenset(group.name for group in user.groups.all()) & _ROLES
        if roles or says:
            readers.append(
                Reader(
                    id=pk,
                    name=user.get_username(),
                    mail=user.email,
                    groups=frozenset(group.pk for group in user.groups.all()),
                    roles=roles,
                    says=says,
                )
            )
    numbers = {each.request_number for each in entries if each.request_number}
    requests = MigrationRequest.objects.select_related("cloud").in_bulk(list(numbers))
    return House(now=now, readers=tuple(readers), requests=requests)


def _own_say(user: User) -> frozenset[str]:
    """Return the groups of the person's approval right; none without the right."""
    names = frozenset(group.name for group in user.groups.all())
    return names if Role.APPROVER in names and not user.is_superuser else frozenset()


def _lent(now: datetime) -> dict[int, list[int]]:
    """Return the current delegations: delegate and approver."""
    found: dict[int, list[int]] = {}
    rows = Delegation.objects.filter(
        starts_at__lte=now, ends_at__gt=now, revoked_at=None
    )
    for taker, giver in rows.values_list("taker_id", "giver_id"):
        found.setdefault(taker, []).append(giver)
    return found

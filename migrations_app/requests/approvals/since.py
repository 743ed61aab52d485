"""What the audit trail tells of a request or drain, and of the rules since then.

Rules are policies, windows, groups and accounts. What they were when it was asked is
what the first change after that had before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q

from migrations_app.models import AuditEntry, Drain, MigrationRequest

DEEDS = {
    "request.asked": "requested this move",
    "request.amended": "edited this request",
    "request.glass_broken": "made its emergency start",
    "drain.asked": "requested this drain",
    # fewer moves may be under another policy
    "drain.move_withdrawn": "withdrew a move from this drain",
}
# After one of these the rules make no difference to it any more.
_OVER = {
    "request": ("run.started", *(f"request.{x}" for x in ("rejected", "withdrawn"))),
    "drain": ("drain.ended", *(f"drain.{x}" for x in ("rejected", "withdrawn"))),
}
_GLASS, _REVIEWED = "request.glass_broken", "request.glass_reviewed"
POLICIES = ("policy.created", "policy.changed", "policy.retired")
WINDOWS = ("window.created", "window.changed", "window.retired")
ACCOUNTS = (
    *("account.created", "account.changed", "account.roles"),
    *("account.factor_removed", "account.confirmed", "group.changed"),
)
_APPROVED = ("request.approved", "drain.approved")
_FIELDS = ("id", "verb", "actor_id", "actor_name", "before", "after")


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of the trail."""

    id: int
    verb: str
    actor: int | None
    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Since:
    """What was done to the request or drain, and to the rules since it was asked.

    Each in the order of the trail. ``approved`` are the approvals of it.
    """

    own: tuple[Act, ...] = ()
    approved: tuple[Act, ...] = ()
    rules: tuple[Act, ...] = ()

    def of(self, verbs: tuple[str, ...]) -> Iterator[Act]:
        """Yield the acts on rules of these verbs."""
        return (each for each in self.rules if each.verb in verbs)


def read(of: MigrationRequest | Drain) -> Since:
    """Return what the trail has; nothing of one that is not saved yet."""
    if of.pk is None:
        return Since()
    entries = AuditEntry.objects.order_by("id")
    if isinstance(of, Drain):
        over = _OVER["drain"]
        verbs = ("drain.asked", "drain.approved", "drain.started", *over)
        its = Q(verb__in=verbs, after__drain=of.pk)
        moves = of.moves.values("pk")
        mine = entries.filter(
            its | Q(verb="request.withdrawn", request_number__in=moves)
        )
    else:
        over = _OVER["request"]
        verbs = ("request.asked", "request.amended", "request.approved", *over)
        verbs = (*verbs, _GLASS, _REVIEWED)
        mine = entries.filter(request_number=of.pk, verb__in=verbs)
    own = [Act(*row) for row in mine.values_list(*_FIELDS)]
    if isinstance(of, Drain):
        own = _of_drain(own)
    # by their order in the trail, which no clock can turn around
    later = entries.filter(verb__in=(*POLICIES, *WINDOWS, *ACCOUNTS))
    asked = next((act.id for act in own if act.verb.endswith(".asked")), None)
    if asked is None:  # from before the trail was kept
        later = later.filter(at__gte=of.asked_at)
    else:
        later = later.filter(id__gt=asked)
    if ended := _first(own, *over):
        counts = Q(id__lt=ended)
        if _first(own, _GLASS):
            # it is reviewed afterwards, by somebody who can be made able to until then
            given = Q(verb__in=ACCOUNTS)
            if reviewed := _first(own, _REVIEWED):
                given &= Q(id__lt=reviewed)
            counts |= given
        later = later.filter(counts)
    return Since(
        own=tuple(act for act in own if act.verb in DEEDS),
        approved=tuple(act for act in own if act.verb in _APPROVED),
        rules=tuple(Act(*row) for row in later.values_list(*_FIELDS)),
    )


def _first(acts: list[Act], *verbs: str) -> int | None:
    """Return the number of the first act of one of these verbs, if there is one."""
    return next((act.id for act in acts if act.verb in verbs), None)


def _of_drain(acts: list[Act]) -> list[Act]:
    """Return the acts; of withdrawn moves those of people before it started."""
    started = _first(acts, "drain.started")
    found = []
    for act in acts:
        if act.verb != "request.withdrawn":
            found.append(act)
        elif act.actor is not None and (started is None or act.id < started):
            found.append(replace(act, verb="drain.move_withdrawn"))
    return found

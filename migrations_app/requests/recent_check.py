"""The pre-flight of an approval, used for a start that follows within seconds.

A start makes the plan and its pre-flight again. When the approval did so moments ago,
the start compares instead what can have changed since, in one round of questions: what
Nova tells of the instance and of both hosts (preflight/recheck.py), and where our own
runs take other members of its group. If anything differs, or is not known, all is made
again. Windows, freezes, approvals and rights are judged by the start in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from migrations_app.errors import NovawebError
from migrations_app.integrations import connect
from migrations_app.integrations.interfaces import Move
from migrations_app.models import MigrationRequest
from migrations_app.preflight import recheck
from migrations_app.preflight.rule import AUTOMATIC
from migrations_app.procedures import registry
from migrations_app.requests import group_mates
from migrations_app.requests.plan import Draft, plan_digest

# So old a pre-flight may be, from its first question to the comparison.
FRESH = timedelta(seconds=10)
# Those that Nova carries out by itself. For the others the worker that starts them must
# have looked itself at what is sent to hosts, and which are to be disabled.
PROCEDURES = AUTOMATIC


@dataclass(frozen=True, slots=True)
class RecentCheck:
    """A pre-flight since which nothing has changed; the rest is as of a Draft."""

    at: datetime
    digest: str
    found: list[dict[str, Any]]
    mates: frozenset[str]
    heading: Mapping[str, str]


def kept(drawn: Draft) -> dict[str, Any]:
    """Return what is kept of the draft with its request; empty: it is of no use."""
    if drawn.procedure not in PROCEDURES or not drawn.seen:
        return {}
    return {
        "at": drawn.at.isoformat(),
        "digest": drawn.digest,
        "findings": drawn.found,
        "mates": sorted(drawn.mates),
        "heading": dict(drawn.heading),
        "seen": drawn.seen,
    }


def unchanged(request: MigrationRequest, now: datetime) -> RecentCheck | None:
    """Return the request's check if a start may go by it; None: make it again."""
    last = request.checked
    if not last or request.procedure not in PROCEDURES or request.target is None:
        return None
    at = datetime.fromisoformat(last["at"])
    if not timedelta() <= now - at < FRESH or not _is_of_this_plan(request, last):
        return None
    cloud, mates = request.cloud.name, frozenset(last["mates"])
    if group_mates.heading(cloud, mates) != last["heading"]:
        return None
    try:
        seen = recheck.look(
            connect.world_for(cloud).cloud,
            request.instance,
            source=request.source,
            target=request.target,
        )
    except NovawebError:
        return None  # making it again says what is wrong
    if seen != last["seen"]:
        return None
    found = last["findings"]
    return RecentCheck(at, last["digest"], found, mates, last["heading"])


def _is_of_this_plan(request: MigrationRequest, last: Mapping[str, Any]) -> bool:
    """Tell whether the code makes the approved plan of the request's inputs, still."""
    move = Move(
        request.instance,
        request.instance_name,
        request.source,
        request.target,
        request.options,
        request.token,
        request.facts,
    )
    digest = plan_digest(
        move,
        edition=request.edition,
        procedure=request.procedure,
        plan=registry.plan(request.procedure, move),
        findings=last["findings"],
    )
    return bool(digest == last["digest"] == request.plan_digest)

"""Which policies rule a drain, and where its approvals stand under them.

Every move is judged as if it were asked for alone, at its target and at each of its
fallbacks, with the number of all as its number of instances. Where several rules rule,
all of them must be satisfied.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from migrations_app.access.permissions import Person, Refusal
from migrations_app.errors import TooLate
from migrations_app.models import Drain, Hypervisor, Instance
from migrations_app.models.states import DROPPED
from migrations_app.requests.approvals import evaluate as rulings
from migrations_app.requests.approvals import rules
from migrations_app.requests.approvals.rules import Facts, Rule
from migrations_app.requests.approvals.status import Standing, standing
from migrations_app.requests.windows import schedule as timetable
from migrations_app.requests.windows.calendar.conflicts import inside
from migrations_app.requests.windows.calendar.scope import Spot, Where


def rules_of(drain: Drain, *, now: datetime | None = None) -> list[Rule] | None:
    """Return the rules that rule it, oldest first; None: some move has no policy."""
    known = rulings.current()
    found: dict[int, Rule] = {}
    for facts in set(_facts(drain, now or timezone.now())):
        ruling = rules.ruling(known, facts)
        if ruling is None:
            return None
        found[ruling.number] = ruling
    return [found[number] for number in sorted(found)] or None


def _facts(drain: Drain, now: datetime) -> Iterator[Facts]:
    """Yield what the rules ask about each move, and about each host that is emptied."""
    cloud = drain.cloud.name
    moves = list(drain.moves.exclude(state__in=DROPPED))
    rows = Hypervisor.objects.filter(cloud=drain.cloud_id)
    known = {
        host: (zone, aggregates)
        for host, zone, aggregates in rows.values_list("host", "zone", "aggregates")
    }
    uuids = [move.instance for move in moves]
    called = dict(
        Instance.objects.filter(cloud=drain.cloud_id, uuid__in=uuids).values_list(
            "uuid", "project_name"
        )
    )
    start = max(now, drain.window_start or now)
    end = drain.window_end or start
    windows = timetable.rules(start, end)
    ways = {
        (
            frozenset({move.project, called.get(move.instance, "")} - {""}),
            move.procedure,
            frozenset(filter(None, (move.source, target))),
        )
        for move in moves
        for target in (move.target, *move.fallbacks)
    }
    everybody = frozenset(project for projects, _, _ in ways for project in projects)
    ways |= {(everybody, "live", frozenset({host})) for host in drain.hosts}
    for projects, procedure, hosts in ways:
        places = [known[host] for host in hosts if host in known]
        spots = tuple(
            Spot(known[host][0] if host in known else "", host)
            for host in sorted(hosts)
        )
        yield Facts(
            cloud=cloud,
            projects=projects,
            zones=frozenset(zone for zone, _ in places if zone),
            aggregates=frozenset(name for _, names in places for name in names),
            hosts=hosts,
            procedure=procedure,
            inside=inside(windows, Where(cloud, spots), start, end),
            instances=max(1, len(moves)),
            any_place=len(places) < len(hosts),
        )


def standings(drain: Drain, *, now: datetime | None = None) -> list[Standing] | None:
    """Return where its approvals stand under each rule; None: no policy is for it."""
    now = now or timezone.now()
    found = rules_of(drain, now=now)
    if found is None:
        return None
    rows = drain.decisions.filter(approves=True, plan_digest=drain.plan_digest)
    says = [rulings.say(row) for row in rows]
    never = rulings.never({drain.asked_by_id}, says)
    return [standing(each, says, never=never, now=now) for each in found]


def whose_say(who: Person, drain: Drain) -> dict[str, Any]:
    """Return by whose right the person approves now, as fields of a Decision.

    Called with the drain's row locked. Raises NotAllowed and TooLate.
    """
    found = standings(drain)
    if found is None:
        raise TooLate(rulings.NO_POLICY)
    refusal, fields = _whose(who, drain, found)
    if refusal is not None:
        raise refusal.error()
    return fields


def why_not_now(who: Person, drain: Drain) -> Refusal | None:
    """Return why the person may not approve at this stage; None: they may."""
    found = standings(drain)
    if found is None:
        return Refusal(rulings.NO_POLICY, late=True)
    return _whose(who, drain, found)[0]


def _whose(
    who: Person, drain: Drain, found: list[Standing]
) -> tuple[Refusal | None, dict[str, Any]]:
    refusals = []
    for each in sorted(found, key=lambda one: one.satisfied):
        refusal, fields = rulings.whose(who, {drain.asked_by_id}, each)
        if refusal is None:
            return None, fields
        refusals.append(refusal)
    return refusals[0], {}


def permit(drain: Drain, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """Return why it may not start now, and by what right it may, for the audit.

    Called with the drain's row locked, in the transaction of the start.
    """
    found = standings(drain, now=now)
    if found is None:
        return rulings.NO_POLICY, {}
    right = {
        "policies": [rulings.as_audited(each.rule) for each in found],
        "approvals": sorted(
            {say.words for each in found for stage in each.stages for say in stage.have}
        ),
    }
    for each in found:
        if not each.satisfied:
            return (
                "Its approvals are not enough to start now: the policy"
                f" “{each.rule.name}” rules (version {each.rule.version})."
                f" {each.sentence}"
            ), right
    return "", right


def expiry(drain: Drain, *, now: datetime) -> datetime:
    """Return until when it may be decided about and started."""
    begins = max(now, drain.window_start or now)
    hours = [rule.request_hours for rule in rules_of(drain, now=now) or []]
    spans = [timedelta(hours=each) for each in hours if each is not None]
    spans = spans or [timedelta(days=settings.NOVAWEB_REQUEST_DAYS)]
    lasting = begins + min(spans)
    return min(lasting, drain.window_end) if drain.window_end else lasting

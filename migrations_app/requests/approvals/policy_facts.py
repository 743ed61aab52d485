"""The facts about moves that approval policies ask for: places, projects, windows.

A request is one move. Each move of a drain is judged as if it were asked for alone, but
with the number of all of them as its number of instances.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from migrations_app.models import Hypervisor, Instance
from migrations_app.requests.approvals.rules import PolicyFacts
from migrations_app.requests.windows import schedule
from migrations_app.requests.windows.calendar.conflicts import inside
from migrations_app.requests.windows.calendar.scope import Spot, Where
from migrations_app.requests.windows.calendar.window import WindowRule


@dataclass(frozen=True, slots=True)
class Way:
    """One way to move an instance.

    ``projects`` are the names and IDs of its project, ``hosts`` the source and the
    target. ``any_host``: the scheduler is yet to choose the target. ``any_project``:
    the inventory does not know the project's name yet.
    """

    projects: frozenset[str]
    procedure: str
    hosts: frozenset[str]
    any_host: bool = False
    any_project: bool = False


def way(
    project: str, name: str, procedure: str, source: str, target: str | None
) -> Way:
    """Return the way from the source to the target; None: the scheduler chooses it.

    ``project`` is the ID of the instance's project; its ``name`` may not be known.
    """
    return Way(
        projects=frozenset({project, name}) - {""},
        procedure=procedure,
        hosts=frozenset(host for host in (source, target) if host),
        any_host=not target,
        any_project=not name,
    )


def project_names(cloud: str, instances: Collection[str]) -> dict[str, str]:
    """Return the names of the instances' projects by UUID, where they are known."""
    rows = Instance.objects.filter(cloud__name=cloud, uuid__in=instances)
    return dict(rows.values_list("uuid", "project_name"))


def policy_facts(
    cloud: str,
    ways: Iterable[Way],
    *,
    start: datetime,
    end: datetime | None,
    instances: int = 1,
    windows: Sequence[WindowRule] | None = None,
) -> list[PolicyFacts]:
    """Return the facts about each way, in order, for a start from ``start`` to ``end``.

    Zones and aggregates are those of our copy of the cloud. ``instances`` is how many
    are moved in all. ``windows`` are those that count; None: today's.
    """
    ways = list(ways)
    end = end or start
    names = {host for each in ways for host in each.hosts}
    rows = Hypervisor.objects.filter(cloud__name=cloud, host__in=names)
    places = {
        host: (zone, aggregates)
        for host, zone, aggregates in rows.values_list("host", "zone", "aggregates")
    }
    windows = schedule.rules(start, end) if windows is None else windows
    found = []
    for each in ways:
        known = [places[host] for host in each.hosts if host in places]
        spots = tuple(
            Spot(places[host][0] if host in places else "", host)
            for host in sorted(each.hosts)
        )
        found.append(
            PolicyFacts(
                cloud=cloud,
                projects=each.projects,
                zones=frozenset(zone for zone, _ in known if zone),
                aggregates=frozenset(name for _, names in known for name in names),
                hosts=each.hosts,
                procedure=each.procedure,
                inside=inside(windows, Where(cloud, spots), start, end),
                instances=instances,
                any_host=each.any_host,
                any_place=len(known) < len(each.hosts),
                any_project=each.any_project,
            )
        )
    return found

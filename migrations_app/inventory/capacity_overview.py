"""Figures of the capacity page.

One query for the hosts and one for the largest flavor; the rest is calculated. Memory
in MiB, disk in GiB.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import sub

from django.db.models import QuerySet

from migrations_app.integrations.interfaces import PCPU, VCPU
from migrations_app.inventory.capacity import CLASSES
from migrations_app.models import Hypervisor, Instance

LEVELS = 5  # colours of the heat map below “full”
_COLUMNS = (
    *("host", "cloud__name", "zone", "aggregates", "up", "enabled"),
    *(
        f"{name}_{what}"
        for what in ("used", "total", "reserved", "ratio")
        for name in CLASSES
    ),
)


@dataclass(frozen=True, slots=True)
class Size:
    """Resources that one instance of a flavor uses."""

    name: str
    vcpus: int
    memory: int
    disk: int
    pcpus: int = 0

    def fits(self, free: Iterable[int]) -> int:
        """Return how many instances fit into these amounts of CLASSES."""
        amounts = (self.vcpus, self.memory, self.disk, self.pcpus)
        wanted = zip(free, amounts, strict=True)
        return min((max(0, have) // want for have, want in wanted if want), default=0)


@dataclass(frozen=True, slots=True)
class Cell:
    """Host of the heat map; ``percent`` of capacity used, None if unknown."""

    host: str
    cloud: str
    state: str  # up, disabled, down
    percent: int | None

    @property
    def level(self) -> str:
        """The name of its colour: 0 to LEVELS - 1, then full."""
        if self.percent is None:
            return "none"
        return "full" if self.percent > 95 else str(min(4, self.percent // 20))


@dataclass(slots=True)
class Total:
    """Totals of a cloud, a zone or an aggregate, and how many more instances fit.

    ``takes`` counts the hosts that are up and enabled; ``fits`` includes only these.
    """

    kind: str
    name: str
    hosts: int = 0
    takes: int = 0
    fits: int = 0
    capacity: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    used: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))

    def add(self, summed: Sequence[int]) -> None:
        """Add a host to the totals."""
        self.hosts += summed[0]
        self.takes += summed[1]
        self.fits += summed[2]
        for name, has, taken in zip(CLASSES, summed[3:7], summed[7:], strict=True):
            self.capacity[name] += has
            self.used[name] += taken


@dataclass(frozen=True, slots=True)
class Overview:
    """The heat map as a list of cells per zone, and the totals."""

    by: str
    largest: Size | None
    zones: list[tuple[str, list[Cell]]]
    totals: list[Total]


def largest_in_use() -> Size | None:
    """Return the flavor with most memory of all instances; None without instances.

    Among equals the one with most VCPUs, then with most disk.
    """
    by_size = Instance.objects.order_by("-memory", "-vcpus", "-disk")
    columns = ("flavor_name", "vcpus", "memory", "disk", "resources")
    found = by_size.values_list(*columns).first()
    if found is None:
        return None
    name, vcpus, memory, disk, charged = found
    if not charged:  # of a copy by an earlier version
        return Size(name, vcpus, memory, disk)
    return Size(name, charged.get(VCPU, 0), memory, disk, charged.get(PCPU, 0))


def overview(rows: QuerySet[Hypervisor], *, by: str, largest: Size | None) -> Overview:
    """Return the figures of these hosts; ``by`` is the resource of the heat map.

    By VCPUs, a host that has dedicated CPUs only is shown by those.
    """
    # first by all that places a host, of which there are few: a thousand hosts are
    # then added up once, not once for their cloud, their zone and each aggregate
    sums: dict[tuple[str, str, tuple[str, ...]], list[int]] = {}
    cells: list[tuple[str, Cell]] = []
    place, pcpus = CLASSES.index(by), CLASSES.index("pcpus")
    for row in rows.order_by("zone", "host").values_list(*_COLUMNS):
        host, cloud, zone, aggregates, up, enabled = row[:6]
        taken, bounds = row[6:10], row[10:]
        has = (
            int((bounds[0] - bounds[4]) * bounds[8]),
            int((bounds[1] - bounds[5]) * bounds[9]),
            int((bounds[2] - bounds[6]) * bounds[10]),
            int((bounds[3] - bounds[7]) * bounds[11]) if bounds[3] else 0,
        )
        takes = up and enabled
        fits = 0
        if takes and largest is not None:
            fits = largest.fits(map(sub, has, taken))
        known = sums.setdefault((cloud, zone, tuple(aggregates)), [0] * 11)
        for number, each in enumerate((1, takes, fits, *has, *taken)):
            known[number] += each
        state = "down" if not up else "up" if enabled else "disabled"
        shown = pcpus if by == "vcpus" and not has[place] else place
        percent = round(100 * taken[shown] / has[shown]) if has[shown] > 0 else None
        cells.append((zone, Cell(host, cloud, state, percent)))
    totals: dict[tuple[str, str], Total] = {}
    for (cloud, zone, aggregates), summed in sums.items():
        names = (("Aggregate", each) for each in aggregates)
        for key in (("Cloud", cloud), ("Zone", zone), *names):
            totals.setdefault(key, Total(*key)).add(summed)
    kinds = ("Cloud", "Zone", "Aggregate")
    return Overview(
        by=by,
        largest=largest,
        zones=[
            (zone, [cell for _, cell in each])
            for zone, each in groupby(cells, key=lambda pair: pair[0])
        ],
        totals=sorted(
            totals.values(), key=lambda each: (kinds.index(each.kind), each.name)
        ),
    )

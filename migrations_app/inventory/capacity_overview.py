"""Figures of the capacity page.

One query for the hosts and one for the largest flavor; the rest is calculated. Memory
in MiB, disk in GiB.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from django.db.models import QuerySet

from migrations_app.inventory.capacity import RESOURCES
from migrations_app.models import Hypervisor, Instance

LEVELS = 5  # colours of the heat map below “full”
_COLUMNS = (
    *("host", "cloud__name", "zone", "aggregates", "up", "enabled"),
    *(f"{name}_{what}" for what in ("used", "total", "reserved") for name in RESOURCES),
    *(f"{name}_ratio" for name in RESOURCES),
)


@dataclass(frozen=True, slots=True)
class Size:
    """Resources that one instance of a flavor uses."""

    name: str
    vcpus: int
    memory: int
    disk: int

    def fits(self, free: Iterable[int]) -> int:
        """Return how many instances fit into these amounts of RESOURCES."""
        wanted = zip(free, (self.vcpus, self.memory, self.disk), strict=True)
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
    capacity: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(RESOURCES, 0)
    )
    used: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RESOURCES, 0))

    def add(self, summed: Sequence[int]) -> None:
        """Add a host to the totals."""
        self.hosts += summed[0]
        self.takes += summed[1]
        self.fits += summed[2]
        for name, has, taken in zip(RESOURCES, summed[3:6], summed[6:], strict=True):
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
    found = by_size.values_list("flavor_name", "vcpus", "memory", "disk").first()
    return Size(*found) if found else None


def overview(rows: QuerySet[Hypervisor], *, by: str, largest: Size | None) -> Overview:
    """Return the figures of these hosts; ``by`` is the resource of the heat map."""
    # first by all that places a host, of which there are few: a thousand hosts are
    # then added up once, not once for their cloud, their zone and each aggregate
    sums: dict[tuple[str, str, tuple[str, ...]], list[int]] = {}
    cells: list[tuple[str, Cell]] = []
    place = RESOURCES.index(by)
    for row in rows.order_by("zone", "host").values_list(*_COLUMNS):
        host, cloud, zone, aggregates, up, enabled = row[:6]
        vcpus, memory, disk, *bounds = row[6:]
        has = (
            int((bounds[0] - bounds[3]) * bounds[6]),
            int((bounds[1] - bounds[4]) * bounds[7]),
            int((bounds[2] - bounds[5]) * bounds[8]),
        )
        taken = (vcpus, memory, disk)
        takes = up and enabled
        fits = 0
        if takes and largest is not None:
            fits = largest.fits((has[0] - vcpus, has[1] - memory, has[2] - disk))
        known = sums.setdefault((cloud, zone, tuple(aggregates)), [0] * 9)
        for number, each in enumerate((1, takes, fits, *has, *taken)):
            known[number] += each
        state = "down" if not up else "up" if enabled else "disabled"
        percent = round(100 * taken[place] / has[place]) if has[place] > 0 else None
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

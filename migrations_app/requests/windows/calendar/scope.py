"""Compares the place of a move with the scope of a window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from migrations_app.requests.windows.calendar.window import WindowRule


@dataclass(frozen=True, slots=True)
class Spot:
    """A host with its zone; empty if unknown or not chosen yet."""

    zone: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What Nova's scheduler may choose a target among: these hosts, and new ones.

    ``zone_of`` has the hosts with their zones, empty where unknown. ``hosts`` and
    ``zones`` are all names that are known, of whichever cloud: a host or zone of
    another name may be a new one, which nobody has told novaweb of yet.
    """

    zone_of: Mapping[str, str] = field(default_factory=dict, hash=False)
    hosts: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Where:
    """A cloud and the hosts in it that a move affects: its source and its target.

    ``choice``: where it may land, if the scheduler is yet to choose the target.
    """

    cloud: str
    spots: tuple[Spot, ...] = ()
    choice: Choice | None = None

    @property
    def chosen(self) -> Where:
        """The hosts that are certain, alone."""
        return Where(self.cloud, self.spots)


def touches(rule: WindowRule, where: Where) -> bool:
    """Return whether the rule covers any of the hosts; one is enough for a freeze.

    A host with an unknown zone may be in any zone.
    """
    if rule.clouds and where.cloud not in rule.clouds:
        return False
    if not rule.zones and not rule.hosts:
        return True
    return any(
        _about(rule, spot)
        or (not spot.zone and (not rule.hosts or spot.host in rule.hosts))
        for spot in where.spots
    )


def may_touch(rule: WindowRule, where: Where) -> bool:
    """Return whether the rule covers a host of the move, or one that it may land on."""
    return touches(rule, where) or any(_landing(rule, where))


def may_land_on(rule: WindowRule, where: Where) -> tuple[str, ...]:
    """Return which hosts of the rule the scheduler may choose, in words; none: empty.

    A host with an unknown zone may be in any zone; a name that is known nowhere may be
    that of a new host, or of its zone.
    """
    return tuple(sorted(_landing(rule, where)))


def _landing(rule: WindowRule, where: Where) -> Iterator[str]:
    choice = where.choice
    if choice is None or (rule.clouds and where.cloud not in rule.clouds):
        return
    if rule.hosts:
        for host in rule.hosts & choice.zone_of.keys():
            zone = choice.zone_of[host]
            if not zone or not rule.zones or zone in rule.zones:
                yield host
        new, what = rule.hosts - choice.hosts, ""
    else:
        for host, zone in choice.zone_of.items():
            if not zone or not rule.zones or zone in rule.zones:
                yield host
        new, what = rule.zones - choice.zones, "a host of zone "
    for name in new:
        yield f"{what}{name} (not in the inventory)"


def covers(rule: WindowRule, cloud: str, spot: Spot) -> bool:
    """Return whether the rule covers that host; a window must cover each host."""
    return (not rule.clouds or cloud in rule.clouds) and _about(rule, spot)


def _about(rule: WindowRule, spot: Spot) -> bool:
    return (not rule.zones or spot.zone in rule.zones) and (
        not rule.hosts or spot.host in rule.hosts
    )


def words(rule: WindowRule) -> str:
    """Return the scope of the rule, such as “zone OS1 in prod” or “everything”."""
    parts = []
    for names, one, many in (
        (rule.hosts, "host", "hosts"),
        (rule.zones, "zone", "zones"),
        (rule.clouds, "cloud", "clouds"),
    ):
        if names:
            shown = ", ".join(sorted(names)[:5])
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            parts.append(f"{one if len(names) == 1 else many} {shown}{more}")
    return " in ".join(parts) or "everything"

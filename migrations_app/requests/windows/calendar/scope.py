"""Compares the place of a move with the scope of a window."""

from __future__ import annotations

from dataclasses import dataclass

from migrations_app.requests.windows.calendar.window import WindowRule


@dataclass(frozen=True, slots=True)
class Spot:
    """A host with its zone; empty if unknown or not chosen yet."""

    zone: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """A cloud and the hosts in it that a move affects: its source and its target."""

    cloud: str
    spots: tuple[Spot, ...] = ()


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

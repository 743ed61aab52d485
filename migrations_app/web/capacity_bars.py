"""Effect of a move on both hosts: figures and bars.

The bar is that of drains, too (drains/effect_bars.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString

from migrations_app.integrations.interfaces import DISK_GB, MEMORY_MB, PCPU, VCPU
from migrations_app.wording import mebibytes

KNOWN: dict[str, tuple[str, Callable[[int], str]]] = {
    VCPU: ("VCPUs", str),
    PCPU: ("Dedicated CPUs", str),
    MEMORY_MB: ("Memory", mebibytes),
    DISK_GB: ("Disk", lambda value: f"{value} GiB"),
}


@dataclass(frozen=True)
class Resource:
    """One resource of one host, before and after; ``over`` is the excess.

    ``was_over``: it exceeded the capacity before the move too.
    """

    label: str
    before: str
    after: str
    capacity: str
    over: str
    was_over: bool
    bar: SafeString


@dataclass(frozen=True)
class Host:
    """Effect on one host."""

    name: str
    role: str
    resources: list[Resource]


def hosts(changes: Mapping[str, Any] | None) -> list[Host]:
    """Return source and target, as far as known, from ``WhatIf.as_dict``."""
    sides = (("source", "source"), ("target", "target"))
    return [
        Host(change["host"], role, _resources(change["resources"]))
        for side, role in sides
        if (change := (changes or {}).get(side))
    ]


def _resources(found: Mapping[str, Mapping[str, int]]) -> list[Resource]:
    return [_resource(name, found[name]) for name in in_order(found)]


def _resource(name: str, figures: Mapping[str, int]) -> Resource:
    label, said = labelled(name)
    before, after = figures["used_before"], figures["used_after"]
    capacity = figures["capacity"]
    return Resource(
        label=label,
        before=said(before),
        after=said(after),
        capacity=said(capacity),
        over=said(after - capacity) if after > capacity else "",
        was_over=before > capacity,
        bar=bar(label, said, before=before, after=after, capacity=capacity),
    )


def in_order(resource_classes: Iterable[str]) -> list[str]:
    """Return those that every host has in the order of KNOWN, then others by name."""
    order = {name: place for place, name in enumerate(KNOWN)}
    return sorted(
        resource_classes, key=lambda name: (order.get(name, len(order)), name)
    )


def labelled(resource_class: str) -> tuple[str, Callable[[int], str]]:
    """Return the name of a resource class for people, and how its amounts are said."""
    unknown = resource_class.replace("_", " ").capitalize(), str
    return KNOWN.get(resource_class, unknown)


def bar(
    label: str,
    said: Callable[[int], str],
    *,
    before: int,
    after: int,
    capacity: int,
    peak: int | None = None,
) -> SafeString:
    """Draw the remaining usage, arrivals or departures, and the limit.

    ``peak`` is the most meanwhile, at least ``before`` and ``after``; None: it is not
    drawn. What comes is striped; what goes and what is there only meanwhile are
    outlines, so that all can be told without colours.
    """
    least, most = min(before, after), max(before, after)
    highest = most if peak is None else peak
    whole = max(highest, capacity, 1)

    def part(value: int) -> str:
        return f"{100 * value / whole:.1f}"

    meanwhile = "" if peak is None else f" {said(peak)} at its peak,"
    words = escape(
        f"{label}: {said(before)} before,{meanwhile} {said(after)} after,"
        f" of {said(capacity)}"
    )
    over = " change-over" if (after if peak is None else peak) > capacity else ""
    turned = "came" if after > before else "went"
    limit = f"{min(99.4, 100 * capacity / whole):.1f}"
    peak_drawn = (
        f'<rect class="change-peak" x="{part(most)}" y="2.5"'
        f' width="{part(highest - most)}" height="5"/>'
    )
    # not format_html: there are hundreds, and all but the words are figures of ours
    return SafeString(
        f'<svg class="change{over}" viewBox="0 0 100 10" preserveAspectRatio="none"'
        f' role="img" aria-label="{words}">'
        f'<rect class="change-room" width="{part(capacity)}" height="10"/>'
        f'<rect class="change-stays" width="{part(least)}" height="10"/>'
        f'<rect class="change-{turned}" x="{part(least)}" y="0.5"'
        f' width="{part(most - least)}" height="9"/>'
        f"{'' if peak is None else peak_drawn}"
        f'<rect class="change-limit" x="{limit}" width="0.6" height="10"/></svg>'
    )

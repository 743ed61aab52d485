"""What a move does to the capacity of both hosts: figures, and a bar for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
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
    """One resource of one host, before and after; ``over`` says by how much too much.

    ``was_over``: it was above its capacity before the move as well.
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
    """What becomes of one host."""

    name: str
    role: str
    resources: list[Resource]


def hosts(changes: Mapping[str, Any] | None) -> list[Host]:
    """Return source and target, as far as they are known, from ``WhatIf.as_dict``."""
    sides = (("source", "gives"), ("target", "takes"))
    return [
        Host(change["host"], role, _resources(change["resources"]))
        for side, role in sides
        if (change := (changes or {}).get(side))
    ]


def _resources(found: Mapping[str, Mapping[str, int]]) -> list[Resource]:
    order = {name: place for place, name in enumerate(KNOWN)}
    names = sorted(found, key=lambda name: (order.get(name, len(order)), name))
    return [_resource(name, found[name]) for name in names]


def _resource(name: str, figures: Mapping[str, int]) -> Resource:
    label, said = KNOWN.get(name, (name.replace("_", " ").capitalize(), str))
    before, after = figures["used_before"], figures["used_after"]
    capacity = figures["capacity"]
    return Resource(
        label=label,
        before=said(before),
        after=said(after),
        capacity=said(capacity),
        over=said(after - capacity) if after > capacity else "",
        was_over=before > capacity,
        bar=_bar(label, before, after, capacity, said),
    )


def _bar(
    label: str, before: int, after: int, capacity: int, said: Callable[[int], str]
) -> SafeString:
    """Draw what stays, what comes or goes, and where the limit is.

    What comes is striped and what goes is an outline, so that it can be told without
    colours.
    """
    whole = max(before, after, capacity, 1)

    def part(value: int) -> str:
        return f"{100 * value / whole:.1f}"

    least, most = min(before, after), max(before, after)
    change = "came" if after > before else "went"
    return format_html(
        '<svg class="change{}" viewBox="0 0 100 10" preserveAspectRatio="none"'
        ' role="img" aria-label="{}: {} before, {} after, of {}">'
        '<rect class="change-room" width="{}" height="10"/>'
        '<rect class="change-stays" width="{}" height="10"/>'
        '<rect class="change-{}" x="{}" y="0.5" width="{}" height="9"/>'
        '<rect class="change-limit" x="{}" width="0.6" height="10"/></svg>',
        " change-over" if after > capacity else "",
        label,
        said(before),
        said(after),
        said(capacity),
        part(capacity),
        part(least),
        change,
        part(least),
        part(most - least),
        f"{min(99.4, 100 * capacity / whole):.1f}",
    )

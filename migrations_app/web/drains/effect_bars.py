"""What several moves do to hosts, as pages show it: figures, and a bar for each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString

from migrations_app.drains.planner.effect import Effect, HostEffect
from migrations_app.integrations.interfaces import Stock
from migrations_app.web.capacity_bars import KNOWN

_NOTHING = Stock(total=0, reserved=0, ratio=1.0, used=0, max_unit=0)


@dataclass(frozen=True, slots=True)
class Bar:
    """One resource of one host: figures before, at the peak and after; and a bar.

    ``over`` says by how much the peak is above the capacity, ``was_over`` that it was
    above before the moves as well. ``peaks``: the peak is neither before nor after.
    """

    label: str
    before: str
    peak: str
    after: str
    capacity: str
    over: str
    was_over: bool
    peaks: bool
    bar: SafeString


@dataclass(frozen=True, slots=True)
class Touched:
    """What becomes of one host."""

    name: str
    zone: str
    role: str
    bars: tuple[Bar, ...]


def touched(of: Effect, *, emptied: Collection[str] = ()) -> list[Touched]:
    """Return every touched host: first those that are emptied, then by name."""
    wrong = {each.host for each in of.broken}
    hosts = sorted(
        of.hosts,
        key=lambda host: (host.name not in emptied, host.name not in wrong, host.name),
    )
    return [
        Touched(
            name=host.name,
            zone=host.zone,
            role=_role(host, emptied),
            bars=_bars(host),
        )
        for host in hosts
    ]


def _role(host: HostEffect, emptied: Collection[str]) -> str:
    if host.name in emptied:
        return f"is emptied: {host.leaving} leave" if host.leaving else "is emptied"
    parts = [
        f"{verb} {number}"
        for verb, number in (("takes", host.arriving), ("gives", host.leaving))
        if number
    ]
    return ", ".join(parts)


def _bars(host: HostEffect) -> tuple[Bar, ...]:
    order = {name: place for place, name in enumerate(KNOWN)}
    names = sorted(host.before, key=lambda name: (order.get(name, len(order)), name))
    # what none of the moves touches is left out, except for the three of every host
    return tuple(
        _bar(name, host) for name in names if name in order or _moves(name, host)
    )


def _moves(name: str, host: HostEffect) -> bool:
    return host.before[name].used != _of(host.peak, name).used


def _of(stock: Mapping[str, Stock], name: str) -> Stock:
    return stock.get(name, _NOTHING)


def _bar(name: str, host: HostEffect) -> Bar:
    label, said = KNOWN.get(name, (name.replace("_", " ").capitalize(), str))
    capacity = host.before[name].capacity
    before, after = host.before[name].used, _of(host.after, name).used
    peak = max(_of(host.peak, name).used, before, after)
    return Bar(
        label=label,
        before=said(before),
        peak=said(peak),
        after=said(after),
        capacity=said(capacity),
        over=said(peak - capacity) if peak > capacity else "",
        was_over=before > capacity,
        peaks=peak > max(before, after),
        bar=_draw(label, (before, peak, after, capacity), said),
    )


def _draw(
    label: str, figures: tuple[int, int, int, int], said: Callable[[int], str]
) -> SafeString:
    """Draw what stays, what comes or goes, how high it gets, and where the limit is.

    What goes and what is there only meanwhile are outlines, so that all can be told
    without colours.
    """
    before, peak, after, capacity = figures
    whole = max(peak, capacity, 1)
    least, most = min(before, after), max(before, after)

    def part(value: int) -> str:
        return f"{100 * value / whole:.1f}"

    over = " change-over" if peak > capacity else ""
    turned = "came" if after > before else "went"
    limit = f"{min(99.4, 100 * capacity / whole):.1f}"
    words = escape(
        f"{label}: {said(before)} before, {said(peak)} at its peak,"
        f" {said(after)} after, of {said(capacity)}"
    )
    # not format_html: there are hundreds, and all but the words are figures of ours
    return SafeString(
        f'<svg class="change{over}" viewBox="0 0 100 10" preserveAspectRatio="none"'
        f' role="img" aria-label="{words}">'
        f'<rect class="change-room" width="{part(capacity)}" height="10"/>'
        f'<rect class="change-stays" width="{part(least)}" height="10"/>'
        f'<rect class="change-{turned}" x="{part(least)}" y="0.5"'
        f' width="{part(most - least)}" height="9"/>'
        f'<rect class="change-peak" x="{part(most)}" y="2.5"'
        f' width="{part(peak - most)}" height="5"/>'
        f'<rect class="change-limit" x="{limit}" width="0.6" height="10"/></svg>'
    )

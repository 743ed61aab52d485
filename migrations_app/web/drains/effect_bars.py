"""Effect of several moves on hosts for pages: figures and bars."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.utils.safestring import SafeString

from migrations_app.drains.planner.effect import Effect, HostEffect
from migrations_app.integrations.interfaces import Stock
from migrations_app.web.capacity_bars import KNOWN, bar, in_order, labelled

_NOTHING = Stock(total=0, reserved=0, ratio=1.0, used=0, max_unit=0)


@dataclass(frozen=True, slots=True)
class Bar:
    """One resource of one host: figures before, at the peak and after, and a bar.

    ``over`` is how much the peak exceeds the capacity, ``was_over`` whether it did
    before the moves too. ``peaks``: the peak is neither before nor after.
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
    """Effect on one host."""

    name: str
    zone: str
    role: str
    bars: tuple[Bar, ...]


def touched(of: Effect, *, emptied: Collection[str] = ()) -> list[Touched]:
    """Return every affected host: emptied hosts first, then by name."""
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
        return f"emptied: {host.leaving} leaving" if host.leaving else "emptied"
    parts = [
        f"{number} {verb}"
        for verb, number in (("arriving", host.arriving), ("leaving", host.leaving))
        if number
    ]
    return ", ".join(parts)


def _bars(host: HostEffect) -> tuple[Bar, ...]:
    # what none of the moves touches is left out, except for those of every host
    return tuple(
        _bar(name, host)
        for name in in_order(host.before)
        if name in KNOWN or _moves(name, host)
    )


def _moves(name: str, host: HostEffect) -> bool:
    return host.before[name].used != _of(host.peak, name).used


def _of(stock: Mapping[str, Stock], name: str) -> Stock:
    return stock.get(name, _NOTHING)


def _bar(name: str, host: HostEffect) -> Bar:
    label, said = labelled(name)
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
        bar=bar(label, said, before=before, peak=peak, after=after, capacity=capacity),
    )

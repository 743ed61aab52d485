"""Charts of a host's usage over time, as SVG bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from migrations_app.models import Snapshot
from migrations_app.wording import mebibytes

HEIGHT = 40
STEP = 4


@dataclass(frozen=True)
class Chart:
    """History of one resource; ``bars`` has a rectangle for each snapshot."""

    label: str
    words: str
    last: str
    width: int
    bars: SafeString
    from_at: datetime
    to_at: datetime


def charts(snapshots: Sequence[Snapshot]) -> list[Chart]:
    """Return a chart for each resource; none without snapshots.

    CPUs have one for those that are shared and one for the dedicated ones: a host may
    have either, or both.
    """
    if not snapshots:
        return []
    dedicated = any(it.pcpus_capacity for it in snapshots)
    shared = not dedicated or any(it.vcpus_capacity for it in snapshots)
    return [
        *([_chart("VCPUs", "vcpus", snapshots, str)] if shared else ()),
        *([_chart("Dedicated CPUs", "pcpus", snapshots, str)] if dedicated else ()),
        _chart("Memory", "memory", snapshots, mebibytes),
        _chart("Disk", "disk", snapshots, lambda value: f"{value} GiB"),
    ]


def _chart(
    label: str, field: str, snapshots: Sequence[Snapshot], said: Callable[[int], str]
) -> Chart:
    bars = []
    for number, snapshot in enumerate(snapshots):
        used = getattr(snapshot, f"{field}_used")
        capacity = getattr(snapshot, f"{field}_capacity")
        height = HEIGHT * min(1.0, used / capacity) if capacity > 0 else 0.0
        words = f"{snapshot.at:%Y-%m-%d %H:%M} UTC: {said(used)} of {said(capacity)}"
        bars.append((STEP * number, round(HEIGHT - height, 1), round(height, 1), words))
    used_at = [getattr(snapshot, f"{field}_used") for snapshot in snapshots]
    last = said(used_at[-1])
    return Chart(
        label=label,
        words=f"{label} used: from {said(min(used_at))} to {said(max(used_at))}, last"
        f" {last}",
        last=f"{last} of {said(getattr(snapshots[-1], f'{field}_capacity'))}",
        width=STEP * len(snapshots),
        bars=format_html_join(
            "",
            '<rect class="history-bar" x="{}" y="{}" width="3" height="{}">'
            "<title>{}</title></rect>",
            bars,
        ),
        from_at=snapshots[0].at,
        to_at=snapshots[-1].at,
    )

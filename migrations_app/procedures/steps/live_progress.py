"""What is shown and said of a live migration while it copies.

All of it comes from Nova's counters and from what was shown before, so that any worker
may go on where another one died.
"""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import Any

from migrations_app.integrations.interfaces import Migration, Progress
from migrations_app.procedures.base import StepContext
from migrations_app.procedures.steps.live_convergence import (
    LowWaterMark,
    Trend,
    add_sample,
    judge,
)
from migrations_app.wording import duration, size

_CONVERGENCE = ("lows", "total", "trend", "outlook")
# Counters that have not changed for so long, and for several times as long as they
# ever had not before, say nothing of what happens now. In seconds.
_SILENT, _TIMES = 120.0, 3
_FIELDS = len(fields(LowWaterMark))  # what older releases have noted has fewer


def report(ctx: StepContext, record: Migration) -> None:
    """Show how far Nova's migration is; say in the log what is new about it."""
    figures: dict[str, Any] = {"migration": record.id, "status": record.status}
    if record.status != ctx.progress.get("status"):
        ctx.log(f"Nova's migration {record.id} is {record.status}.")
    left = ctx.cloud.progress(ctx.move.server_id, record.id)
    if left is not None and _is_as_shown(ctx, left):
        figures = {**ctx.progress, **figures, **_silence(ctx)}
    elif left is not None:
        figures |= {name: getattr(left, name) for name in left.__slots__}
        figures |= _rate(ctx, left)
        figures |= _convergence(ctx, left)
        if figures["quarters"] > ctx.progress.get("quarters", 0):
            ctx.log(_remaining_text(left))
        trend = figures.get("trend", Trend.UNKNOWN)
        if trend not in (Trend.UNKNOWN, ctx.progress.get("trend")):
            ctx.log(figures["outlook"])
    ctx.set_progress(figures)


def _is_as_shown(ctx: StepContext, left: Progress) -> bool:
    """Tell whether Nova has saved no counters since they were shown last.

    What it has counted it saves rarely, if it is told to: that nothing has changed
    does not mean that nothing is copied. Before there is any, each look counts.
    """
    copied = left.memory_processed + left.disk_processed
    return copied > 0 and all(
        ctx.progress.get(name) == getattr(left, name) for name in left.__slots__
    )


def _silence(ctx: StepContext) -> dict[str, Any]:
    """Return what replaces the figures once the counters are too old for them."""
    age = ctx.now.timestamp() - ctx.progress.get("at", 0.0)
    if age <= max(_SILENT, _TIMES * ctx.progress.get("interval", 0.0)):
        return {}
    outlook = (
        f"Nova's figures have not changed for {duration(60 * (age // 60))}: how far it"
        " is now is not known."
    )
    return {"trend": str(Trend.UNKNOWN), "outlook": outlook, "rate": 0}


def _rate(ctx: StepContext, left: Progress) -> dict[str, Any]:
    """Return the low-water mark (bytes), the rate (bytes/s) and the quarters copied.

    ``at`` is when Nova's counters were seen to change, ``interval`` the longest time
    between two changes, in seconds.
    """
    shown, now = ctx.progress, ctx.now.timestamp()
    copied = left.memory_processed + left.disk_processed
    total = left.memory_total + left.disk_total
    remaining = left.memory_remaining + left.disk_remaining
    pace: dict[str, Any] = {
        "copied": copied,
        "at": now,
        "rate": shown.get("rate", 0),
        # memory is copied anew when it was written to: never less than there was
        "quarters": shown.get("quarters", 0),
        "interval": shown.get("interval", 0.0),
    }
    if copied:  # before that Nova's counters say nothing yet
        pace["quarters"] = max(
            pace["quarters"], 4 * (total - remaining) // max(total, 1)
        )
    if copied and left.memory_total:  # while the disks are copied it is nought
        low = shown.get("low_water", left.memory_remaining)
        pace["low_water"] = min(low, left.memory_remaining)
    seconds = now - shown.get("at", now)
    if seconds > 0 and shown.get("copied"):  # since when nought is old nobody knows
        pace["interval"] = max(pace["interval"], seconds)
        if copied > shown["copied"]:
            pace["rate"] = int((copied - shown["copied"]) / seconds)
    return pace


def _convergence(ctx: StepContext, left: Progress) -> dict[str, Any]:
    """Return whether it gets nearer to its end, in a word and in words.

    When there is more to copy than was known (the memory follows the disks), what was
    seen before says nothing any more.
    """
    shown = ctx.progress
    if not left.memory_processed + left.disk_processed:
        return {name: shown[name] for name in _CONVERGENCE if name in shown}
    total = left.memory_total + left.disk_total
    remaining = left.memory_remaining + left.disk_remaining
    seen = shown.get("lows", []) if total <= shown.get("total", total) else []
    lows = add_sample(
        [LowWaterMark(*low) for low in seen if len(low) == _FIELDS],
        at=ctx.now.timestamp(),
        left=remaining,
    )
    verdict = judge(lows, left=remaining)
    return {
        "lows": [list(astuple(low)) for low in lows],
        "total": total,
        "trend": str(verdict.trend),
        "outlook": verdict.sentence,
    }


def _remaining_text(left: Progress) -> str:
    text = (
        f"Memory: {size(left.memory_remaining)} of {size(left.memory_total)} left to"
        " copy"
    )
    if left.disk_total:
        text += f"; disks: {size(left.disk_remaining)} of {size(left.disk_total)} left"
    return f"{text}."

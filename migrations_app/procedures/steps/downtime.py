"""Downtime of the guest, measured after the move; never guessed.

A run never fails because it could not be measured: then its log says so. The result is
stored as ``downtime_ms`` with ``downtime_how``, the source of the measurement.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from migrations_app.errors import WorldError
from migrations_app.integrations.host_commands import domjobinfo
from migrations_app.integrations.interfaces import Action
from migrations_app.procedures.base import StepContext
from migrations_app.wording import duration, size

LIBVIRT, EVENTS = "libvirt", "events"


def measure_live(ctx: StepContext, host: str) -> dict[str, Any]:
    """Return what libvirt on the target measured, in ms and bytes; say it in the log.

    Empty where the hosts may not be entered, and when libvirt says nothing.
    """
    if ctx.world.hosts is None:
        return {}
    try:
        answer = ctx.hosts.run(host, domjobinfo.domjobinfo(ctx.move.server_id))
    except WorldError as error:
        ctx.log(f"The pause of the guest could not be read: {error.sentence}")
        return {}
    job = domjobinfo.read(answer)
    if job is None or job.downtime is None:
        ctx.log(f"libvirt on {host} does not report the pause of the guest.")
        return {}
    text = f"The guest was paused for {job.downtime} ms, by libvirt on {host}"
    figures: dict[str, Any] = {"downtime_ms": job.downtime, "downtime_how": LIBVIRT}
    if job.elapsed is not None and job.processed is not None:
        figures |= {"copied_bytes": job.processed, "copied_ms": job.elapsed}
        text += f"; {size(job.processed)} went over in {job.elapsed} ms"
    ctx.log(f"{text}.")
    return figures


def measure_cold(ctx: StepContext) -> dict[str, Any]:
    """Return for how long the guest was off at most, by Nova's events; say it.

    The source shuts it down within compute_resize_instance, the target starts it within
    compute_finish_resize (nova/compute/manager.py); its own boot comes on top.
    """
    try:
        off = _time_off(ctx)
    except WorldError as error:
        ctx.log(f"How long the guest was off could not be read: {error.sentence}")
        return {}
    if off is None:
        return {}
    milliseconds = round(off.total_seconds() * 1000)
    ctx.log(
        f"The guest was off for at most {duration(off)}, by Nova's events;"
        " its own boot is not in it."
    )
    return {"downtime_ms": milliseconds, "downtime_how": EVENTS}


def _time_off(ctx: StepContext) -> timedelta | None:
    moves = [a for a in ctx.cloud.actions(ctx.move.server_id) if a.name == "migrate"]
    if not moves:
        return None
    action: Action = ctx.cloud.action(ctx.move.server_id, moves[0].request_id)
    began = [e.started_at for e in action.events if e.name == "compute_resize_instance"]
    ended = [e.finished_at for e in action.events if e.name == "compute_finish_resize"]
    if not began or not ended or began[-1] is None or ended[-1] is None:
        return None
    return max(ended[-1] - began[-1], timedelta())

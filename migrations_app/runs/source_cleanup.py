"""Removal of the folders that manual moves set aside on their sources.

People can restore the instance from such a folder for NOVAWEB_KEEP_DAYS; then the
folder is removed for good, with everything else that the move left on both hosts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import models, transaction

from migrations_app.audit import recorder
from migrations_app.integrations.host_commands import instance_folder
from migrations_app.integrations.interfaces import Move, World
from migrations_app.models import LaneOf, OneByOne, Run
from migrations_app.models.states import RunState
from migrations_app.procedures.manual import Manual
from migrations_app.runs.engine import run_log
from migrations_app.runs.engine.command_audit import recorded
from migrations_app.runs.engine.run_context import move_of

# A host that could not be cleared is tried again after so long.
PAUSE = timedelta(hours=1)


def due(now: datetime) -> models.QuerySet[Run]:
    """Return the runs whose folders on the source are old enough to be removed."""
    kept = timedelta(days=settings.NOVAWEB_KEEP_DAYS)
    tried = models.Q(sweep_again_at__isnull=True) | models.Q(sweep_again_at__lte=now)
    return Run.objects.filter(
        tried,
        request__procedure=Manual.name,
        state=RunState.COMPLETED,
        ended_at__lte=now - kept,
        swept_at__isnull=True,
    ).order_by("ended_at")


def is_due(now: datetime) -> bool:
    """Tell whether anything is to be removed."""
    return due(now).exists()


def sweep_due(now: datetime, world_of: Callable[[str], World]) -> int:
    """Remove what is due, each by one process only; return the number of runs.

    One that cannot be removed is noted, and tried again later.
    """
    lane = OneByOne(LaneOf.SWEEPS, now)
    swept = 0
    for run in due(now).select_related("request__cloud"):
        sweep = partial(_sweep_one, run, now, world_of)
        swept += bool(lane.serve(f"run {run.pk}", sweep, number=run.pk))
    return swept


def _sweep_one(run: Run, now: datetime, world_of: Callable[[str], World]) -> bool:
    """Remove what the run set aside; False if another process does."""
    mine = due(now).order_by().filter(pk=run.pk)
    if mine.update(sweep_again_at=now + PAUSE) != 1:
        return False
    world = world_of(run.request.cloud.name)
    _sweep(recorded(world, run=run, step="sweep"), move_of(run.request))
    with transaction.atomic():
        Run.objects.filter(pk=run.pk).update(swept_at=now)
        text = f"Removed for good what was set aside on {run.request.source}."
        run_log.add_note(run.pk, text, at=now)
        recorder.record("run.swept", about=run)
    return True


def _sweep(world: World, move: Move) -> None:
    if world.hosts is None:
        return
    for host in (str(move.target), move.source):
        world.hosts.run(host, instance_folder.sweep(move), timeout=120)

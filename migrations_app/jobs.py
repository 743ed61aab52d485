"""What RQ runs. The database says what is to be done; a job only says when."""

from __future__ import annotations

import time
from datetime import datetime

import structlog
from django.db import close_old_connections
from django.utils import timezone

from migrations_app.audit import actions as attest
from migrations_app.drains import engine as drains
from migrations_app.drains import host_services as hosts
from migrations_app.errors import NovawebError, WorldError
from migrations_app.integrations import connect as wiring
from migrations_app.inventory import sync as inventory
from migrations_app.inventory.copy_speeds import measure as measuring
from migrations_app.inventory.leaks import scan as leaks
from migrations_app.models import Run
from migrations_app.notifications import delivery
from migrations_app.notifications import dispatch as telling
from migrations_app.requests import start as starts
from migrations_app.runs import reenable_hosts as restoring
from migrations_app.runs import retention
from migrations_app.runs import source_cleanup as aside
from migrations_app.runs.engine.lease import due_runs
from migrations_app.runs.engine.run_context import Outcome
from migrations_app.runs.engine.walk import walk

log = structlog.get_logger(__name__)
# So long one job may go on finding due runs before it lets other jobs have a turn.
SPELL = 10.0


def walk_due() -> int:
    """Walk the runs and start the requests that are due; return how many walks.

    A few at a time, so that neither waits for all of the other: looking whether a
    request may start takes as long as its cloud takes to answer.
    """
    close_old_connections()
    began, walked = time.monotonic(), 0
    while time.monotonic() - began < SPELL:
        due = list(due_runs(timezone.now()).values_list("pk", flat=True)[:20])
        for run_id in due:
            walked += _walk(run_id)
        if not due and due_since(timezone.now()) is None:
            break
        starts.start_due(timezone.now(), most=5)
        drains.look_at_due()
    return walked


def due_since(now: datetime) -> datetime | None:
    """Return since when something other than a run is due, if anything is."""
    since = (starts.due_since(now), drains.due_since(now))
    return min((at for at in since if at is not None), default=None)


def _walk(run_id: int) -> bool:
    outcome = walk(run_id, wiring.world_of, clock=timezone.now)
    if outcome is Outcome.ENDED:
        _refresh(run_id)
    return outcome is not None


def _refresh(run_id: int) -> None:
    """Read the moved instance anew, so that pages need not wait for the next sync."""
    request = Run.objects.select_related("request__cloud").get(pk=run_id).request
    if request.drain_id:
        drains.wake(request.drain_id, now=timezone.now())
    name = request.cloud.name
    try:
        cloud = wiring.world_of(name).cloud
        inventory.refresh_instance(name, cloud, request.instance, now=timezone.now())
    except NovawebError as error:
        log.warning("instance not read anew", run=run_id, reason=error.sentence)
    except Exception:
        # the next sync reads it; the other runs must not wait for that
        log.exception("instance not read anew", run=run_id)


def restore_due() -> list[str]:
    """Enable what runs left disabled in the clouds that are due; return the hosts."""
    restored: list[str] = []
    for name in restoring.due_clouds(timezone.now()):
        try:
            cloud = wiring.world_of(name).cloud
            restored += restoring.restore(name, cloud, now=timezone.now())
            restored += hosts.restore(name, cloud)
        except WorldError as error:
            log.warning("not all is enabled", cloud=name, reason=error.sentence)
    return restored


def sync(cloud_name: str) -> None:
    """Read the cloud's inventory anew."""
    close_old_connections()
    inventory.sync(cloud_name, wiring.cloud_of(cloud_name), now=timezone.now())


def measure_speeds() -> None:
    """Look at the measurements of copy speeds that are due."""
    close_old_connections()
    measuring.measure_due(timezone.now())


def deliver_due() -> None:
    """Tell people what has happened, and have what is due sent beside this worker."""
    close_old_connections()
    telling.tell_due(timezone.now())
    delivery.begin(timezone.now())


def look_for_leaks() -> None:
    """Look at the hosts that are due for what has leaked there."""
    close_old_connections()
    leaks.look_due(timezone.now(), wiring.world_of)


def sign_audit() -> None:
    """Sign the end of the audit trail, if that was not done for a day."""
    close_old_connections()
    attest.sign_due(timezone.now())


def remove_old() -> None:
    """Remove some of what is older than the settings have it kept."""
    close_old_connections()
    retention.remove_due(timezone.now())


def sweep_aside() -> None:
    """Remove for good what moves by hand have set aside long enough ago."""
    close_old_connections()
    aside.sweep_due(timezone.now(), wiring.world_of)

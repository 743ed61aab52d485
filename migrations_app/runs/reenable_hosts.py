"""Enables hosts that a run disabled and did not enable again.

A run enables the hosts itself within seconds. But it may be held, closed manually,
refused by its cloud or interrupted, and a call of a worker considered dead can reach
Nova late. So every worker enables services whose reason names a run of ours
(procedures/steps/disabled_reason.py) that has no right to keep them disabled. Unknown
tokens belong to other installations and are left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from migrations_app.audit import recorder
from migrations_app.errors import Gone, told
from migrations_app.integrations.clouds import known_clouds
from migrations_app.integrations.interfaces import Cloud as CloudPort
from migrations_app.integrations.interfaces import Service
from migrations_app.models import Cloud, Drain, MigrationRequest, Run, Step
from migrations_app.models.states import WALKING_RUNS, StepState
from migrations_app.procedures.cold_by_disabling import ColdByDisabling
from migrations_app.procedures.steps.disable_other_hosts import (
    DisableOthers,
    EnableOthers,
    longest_disabling,
)
from migrations_app.procedures.steps.disabled_reason import move_token
from migrations_app.runs.engine import run_log
from migrations_app.runs.engine.run_context import move_of

log = structlog.get_logger(__name__)
# How often a cloud is looked at: while a run may have hosts disabled, and otherwise.
SOON, LATER = timedelta(seconds=10), timedelta(seconds=60)


def runs_that_disable(cloud: Cloud) -> QuerySet[Run]:
    """Return the running runs that have hosts disabled, or soon will."""
    over = Q(key=EnableOthers.key, state=StepState.DONE)
    over |= Q(key=DisableOthers.key, state=StepState.UNDONE)
    return Run.objects.filter(
        ~Exists(Step.objects.filter(over, run=OuterRef("pk"))),
        request__cloud=cloud,
        request__procedure=ColdByDisabling.name,
        state__in=WALKING_RUNS,
    )


def in_the_way(request: MigrationRequest) -> str:
    """Return why the check of the request must wait; empty if it need not.

    While hosts are disabled the pre-flight would find a state other than the approved
    one, and no two runs may disable hosts at the same time.
    """
    runs = runs_that_disable(request.cloud)
    if request.procedure != ColdByDisabling.name:
        runs = runs.filter(_disables())
    run = runs.first()
    if run is None:
        return ""
    return (
        f"Request {run.request_id} has other hosts of this cloud disabled for some"
        " seconds: wait until they are enabled again."
    )


def due_clouds(now: datetime) -> list[str]:
    """Return the clouds to check now, each to one caller only.

    Clouds in which no run ever disabled hosts are never checked.
    """
    known_clouds()
    due = Q(services_due_at__isnull=True) | Q(services_due_at__lte=now)
    found = []
    for cloud in Cloud.objects.filter(due):
        busy = runs_that_disable(cloud).exists()
        following = now + (SOON if busy else LATER)
        if Cloud.objects.filter(due, pk=cloud.pk).update(services_due_at=following):
            found.append(cloud)
    wanting = MigrationRequest.objects.filter(procedure=ColdByDisabling.name)
    return [
        cloud.name
        for cloud in found
        if wanting.filter(cloud=cloud).exists()
        or Drain.objects.filter(cloud=cloud, started_at__isnull=False).exists()
    ]


def restore(cloud_name: str, cloud: CloudPort, *, now: datetime) -> list[str]:
    """Enable services that runs disabled without a right to it; return their hosts.

    Raises what was raised for one of them, after all were tried.
    """
    marked: dict[str, list[Service]] = defaultdict(list)
    for service in cloud.services():
        if token := move_token(service):
            marked[token].append(service)
    restored: list[str] = []
    trouble: Exception | None = None
    for token, services in marked.items():
        try:
            if not _to_enable(cloud_name, token, services, now):
                continue
        except Exception as error:  # noqa: BLE001 - raised below, when all were tried
            log.warning("not enabled", run=token, reason=told(error))
            trouble = trouble or error
            continue
        for service in services:
            try:
                restored += _enable(cloud, service, token)
            except Exception as error:  # noqa: BLE001 - raised below, when all were tried
                log.warning("not enabled", host=service.host, reason=told(error))
                trouble = trouble or error
    if trouble is not None:
        raise trouble
    return restored


def _to_enable(
    cloud_name: str, token: str, services: list[Service], now: datetime
) -> bool:
    """Tell whether they are to be enabled; that they will be is noted then."""
    request = _request(cloud_name, token)
    why = _no_right(request, now) if request else ""
    if request is None or not why:
        return False
    _note(request, f"{_named(services)} still disabled although {why}: enabling.")
    return True


def holder(cloud_name: str, service: Service, *, now: datetime) -> Run | None:
    """Return the run that has the right to keep the service disabled; None if none."""
    token = move_token(service)
    request = _request(cloud_name, token) if token else None
    if request is None or _no_right(request, now):
        return None
    return Run.objects.get(request=request)


def foreign(cloud_name: str, services: list[Service]) -> Mapping[str, str]:
    """Return services disabled by other novaweb installations: host -> reason."""
    return {
        service.host: service.disabled_reason or ""
        for service in services
        if (token := move_token(service)) and _request(cloud_name, token) is None
    }


def _request(cloud_name: str, token: str) -> MigrationRequest | None:
    found = MigrationRequest.objects.filter(cloud__name=cloud_name, token=token)
    return found.select_related("cloud", "run").first()


def _disables() -> Exists:
    return Exists(
        Step.objects.filter(
            run=OuterRef("pk"), key=DisableOthers.key, asked_at__isnull=False
        )
    )


def _no_right(request: MigrationRequest, now: datetime) -> str:
    """Return why its run must not keep services disabled; empty if it may."""
    run = runs_that_disable(request.cloud).filter(_disables(), request=request).first()
    if run is None:
        state = Run.objects.filter(request=request).values_list("state", flat=True)
        words = (state.first() or request.state).replace("_", " ")
        return f"its run is {words} and no longer needs that"
    row = run.steps.get(key=DisableOthers.key)
    since = row.begun_at or row.asked_at
    longest = longest_disabling(move_of(request))
    if since is not None and now - since > longest:
        minutes = int(longest.total_seconds() // 60)
        return f"its run was to have it so for {minutes} minutes at most"
    return ""


def _named(services: list[Service]) -> str:
    hosts = ", ".join(service.host for service in services)
    return f"{hosts} {'is' if len(services) == 1 else 'are'}"


def _note(request: MigrationRequest, text: str) -> None:
    """Record the enabling in log and audit trail, once for repeated attempts."""
    run = Run.objects.filter(request=request).first()
    last = run.lines.last() if run is not None else None
    if last is not None and last.text == text:
        return
    with transaction.atomic():
        if run is not None:
            run_log.add_note(run.pk, text, at=timezone.now())
        recorder.record("run.restored", about=run or request, note=text)


def _enable(cloud: CloudPort, service: Service, token: str) -> list[str]:
    try:
        if move_token(cloud.service(service.host)) != token:
            return []
        cloud.set_service(service.id, enabled=True)
    except Gone:
        return []
    return [service.host]

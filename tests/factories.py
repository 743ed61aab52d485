"""Rows for tests and benchmarks: a cloud, hosts, instances, requests, runs, people.

Plain functions: each makes one thing with sensible defaults, and keywords change
what matters to the test.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.utils import timezone

from migrations_app.audit import chain
from migrations_app.models import (
    ApprovalPolicy,
    AuditEntry,
    Cloud,
    Drain,
    Hypervisor,
    Instance,
    Line,
    MigrationRequest,
    Pacer,
    Run,
    Step,
)
from migrations_app.models.states import OPEN_REQUESTS, REQUEST_STATE_OF_RUN, RunState
from tests.planned import FINDINGS, PLAN

PASSWORD = "a long enough phrase"
DIGEST = "d1" * 32
_count = itertools.count(1)


def person(name: str, *roles: str, staff: bool = False) -> User:
    """Return a user of that name with these roles; the password is PASSWORD."""
    user = get_user_model().objects.create_user(name, password=PASSWORD)
    if staff:
        user.is_staff = True
        user.is_superuser = True
        user.save()
    for role in roles:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


def cloud(name: str = "pretend", **fields: Any) -> Cloud:
    """Return the cloud of that name, read just now."""
    defaults = {"synced_at": timezone.now(), **fields}
    return Cloud.objects.get_or_create(name=name, defaults=defaults)[0]


def new_hypervisor(host: str, **fields: Any) -> Hypervisor:
    """Return a hypervisor that is not saved yet."""
    values = {
        "uuid": str(uuid.uuid4()),
        "host": host,
        "node": f"{host}.example.org",
        "type": "QEMU",
        "version": 8002000,
        "zone": "OS1",
        "vcpus_total": 32,
        "vcpus_ratio": 4.0,
        "vcpus_used": 40,
        "memory_total": 262144,
        "memory_reserved": 4096,
        "memory_used": 131072,
        "disk_total": 2000,
        "disk_used": 640,
        "seen_at": timezone.now(),
        **fields,
    }
    return Hypervisor(**values)


def hypervisor(host: str = "", **fields: Any) -> Hypervisor:
    """Return a saved hypervisor, up and enabled, with room."""
    fields.setdefault("cloud", cloud())
    row = new_hypervisor(host or f"compute-{next(_count):03}", **fields)
    row.save()
    return row


def new_instance(name: str, **fields: Any) -> Instance:
    """Return an instance that is not saved yet."""
    values = {
        "uuid": str(uuid.uuid4()),
        "name": name,
        "project_id": "5f2b0d1c9e7a4d3f8b6c1a2e3d4f5061",
        "project_name": "shop",
        "host": "compute-30",
        "zone": "OS1",
        "status": "ACTIVE",
        "power_state": 1,
        "flavor_name": "m1.small",
        "vcpus": 1,
        "memory": 2048,
        "disk": 20,
        "created_at": datetime(2025, 3, 1, 9, 30, tzinfo=UTC),
        "seen_at": timezone.now(),
        **fields,
    }
    return Instance(**values)


def instance(name: str = "", **fields: Any) -> Instance:
    """Return a saved instance that runs on compute-30."""
    fields.setdefault("cloud", cloud())
    row = new_instance(name or f"web-{next(_count):03}", **fields)
    row.save()
    return row


def request(*, of: Instance | None = None, **fields: Any) -> MigrationRequest:
    """Return a saved request to move an instance live to compute-31."""
    of = of or instance()
    state = str(fields.get("state", "requested"))
    now = timezone.now()
    values: dict[str, Any] = {
        "cloud": of.cloud,
        "instance": of.uuid,
        "instance_name": of.name,
        "project": of.project_name,
        "open_instance": f"{of.cloud.name}:{of.uuid}"
        if state in OPEN_REQUESTS
        else None,
        "procedure": "live",
        "asked_procedure": "auto",
        "source": of.host,
        "target": "compute-31",
        "reason": "The host is to be emptied for new memory.",
        "ticket": "OPS-42",
        "expires_at": now + timedelta(days=14),
        "plan": PLAN,
        "findings": FINDINGS,
        "estimate": {"seconds": 95, "downtime_seconds": 0.3},
        "plan_digest": DIGEST,
        "asked_by_name": "rita",
        "asked_at": now - timedelta(minutes=12),
        **fields,
    }
    if values.get("asked_by") is not None:
        values["asked_by_name"] = values["asked_by"].get_username()
    return MigrationRequest.objects.create(**values)


def run(
    *,
    of: MigrationRequest | None = None,
    lines: Sequence[str] = (),
    under_way: int = 2,
    progress: dict[str, Any] | None = None,
    **fields: Any,
) -> Run:
    """Return a run whose steps before number ``under_way`` (from 0) are done."""
    state = RunState(fields.get("state", RunState.RUNNING))
    of = of or request(state=str(REQUEST_STATE_OF_RUN.get(state, "running")))
    now = timezone.now()
    started = now - timedelta(seconds=73)
    row = Run.objects.create(
        **{
            "request": of,
            "started_at": started,
            "look_again_at": now,
            "looked_at": now,
            "last_number": len(lines),
            **fields,
            "state": str(state),
        }
    )
    over = state in (RunState.COMPLETED,)
    for position, planned in enumerate(of.plan):
        begun = started + timedelta(seconds=4 * position)
        done = over or position < under_way
        current = position == under_way and not over
        Step.objects.create(
            run=row,
            position=position,
            key=planned["key"],
            sentence=planned["sentence"],
            final=planned["final"],
            state="done" if done else "under_way" if current else "todo",
            begun_at=begun if done or current else None,
            asked_at=begun if done or current else None,
            done_at=begun + timedelta(seconds=3) if done else None,
            progress=(progress or {}) if current else {},
        )
    Line.objects.bulk_create(
        Line(run=row, number=number, at=started, step="", text=text)
        for number, text in enumerate(lines, start=1)
    )
    return row


def write_line(of: Run, text: str, *, step: str = "") -> Line:
    """Add the next line to the run's log, as the journal does."""
    of.last_number += 1
    row = Line.objects.create(
        run=of, number=of.last_number, at=timezone.now(), step=step, text=text
    )
    Run.objects.filter(pk=of.pk).update(last_number=of.last_number)
    return row


def audit_entry(verb: str = "request.asked", **fields: Any) -> AuditEntry:
    """Return a saved entry of the audit trail."""
    values: dict[str, Any] = {
        "at": timezone.now(),
        "actor_name": "rita",
        "verb": verb,
        "cloud": "pretend",
        "instance": str(uuid.uuid4()),
        "instance_name": "web-001",
        "source": "compute-30",
        "target": "compute-31",
        "ticket": "OPS-42",
        "note": "The host is to be emptied for new memory.",
        **fields,
    }
    entry = AuditEntry(**values)
    chain.append([entry])
    return entry


def policy(
    name: str,
    *,
    stages: Sequence[tuple[int, str]] = ((1, "approver"),),
    weight: int = 1000,
    **rule: Any,
) -> ApprovalPolicy:
    """Return a saved policy of these stages, each so many of a, b; heavier than any."""
    return ApprovalPolicy.objects.create(
        name=name,
        weight=weight,
        rule={
            "stages": [
                {"approvers": number, "groups": groups.split(", ")}
                for number, groups in stages
            ],
            **rule,
        },
    )


def pacer_seen(*, seconds_ago: float = 0) -> None:
    """Say that a worker looked for due runs so long ago."""
    seen = timezone.now() - timedelta(seconds=seconds_ago)
    Pacer.objects.update_or_create(pk=1, defaults={"seen_at": seen})


def drain(state: str = "requested", **fields: Any) -> Drain:
    """Return a saved drain of compute-30."""
    now = timezone.now()
    values: dict[str, Any] = {
        "cloud": cloud(),
        "hosts": ["compute-30"],
        "limits": {"per_source": 2, "per_target": 2, "per_zone": 0, "overall": 10},
        "reason": "The host gets new memory.",
        "ticket": "OPS-42",
        "expires_at": now + timedelta(days=14),
        "state": state,
        "token": "5f2b0d1c",
        "plan_digest": DIGEST,
        "asked_by_name": "otto",
        "asked_at": now,
        **fields,
    }
    return Drain.objects.create(**values)

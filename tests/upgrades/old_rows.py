"""Rows of every table, as older versions of novaweb wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.planned import FINDINGS, PLAN
from tests.upgrades import old_rows_of_people
from tests.upgrades.old_rows_of_people import AT, DIGEST, LATER, Row

INSTANCE = "0f3a5c1e-9d2b-4c58-8a01-5b0c2f7e4d11"
OTHER = "7c1d2e3f-4a5b-4c6d-8e7f-90a1b2c3d4e5"
GROUP = "6a1f0c1e-9d2b-4c58-8a01-5b0c2f7e4d11"


def _request(number: int, state: str, **fields: Any) -> Row:
    return "MigrationRequest", {
        "id": number,
        "cloud_id": 1,
        "instance": INSTANCE,
        "instance_name": "web-“Ü”",
        "project": "shop",
        "procedure": "live",
        "asked_procedure": "auto",
        "source": "compute-30",
        "target": "compute-31",
        "options": {"block_migration": "auto"},
        "token": "5f2b0d1c",
        "facts": {"image": "debian-12"},
        "reason": "The host is to be emptied.",
        "ticket": "OPS-42",
        "expires_at": AT + timedelta(days=9000),
        "state": state,
        "plan": PLAN,
        "findings": FINDINGS,
        "estimate": {"seconds": 95, "downtime_seconds": 0.3},
        "plan_digest": DIGEST,
        "edition": 2,
        "differences": [],
        "asked_by_id": 1,
        "asked_by_name": "rita",
        "asked_at": AT,
        "fallbacks": ["compute-32"],
        "place": 3,
        **fields,
    }


def _run(number: int, state: str, **fields: Any) -> Iterator[Row]:
    yield (
        "Run",
        {
            "id": number,
            "request_id": number,
            "state": state,
            "started_at": AT,
            "last_number": 1,
            **fields,
        },
    )
    for position, planned in enumerate(PLAN):
        done = state == "completed" or position < 2
        yield (
            "Step",
            {
                "run_id": number,
                "position": position,
                **planned,
                "state": "done" if done else "todo",
                "begun_at": AT if done else None,
                "done_at": LATER if done else None,
                "progress": {"memory_remaining": 4096},
            },
        )
    yield "Line", {"run_id": number, "number": 1, "at": AT, "text": "It begins: 100 %."}


def rows() -> Iterator[Row]:
    """Yield each row with the name of its model, in an order that its keys allow."""
    yield "Cloud", {"id": 1, "name": "pretend", "synced_at": AT, "full_scan_at": AT}
    yield "Cloud", {"id": 2, "name": "gone", "trouble": "It does not answer."}
    yield "Pacer", {"id": 1, "seen_at": AT}
    for host, used in (("compute-30", 40), ("compute-31", 2)):
        yield (
            "Hypervisor",
            {
                "cloud_id": 1,
                "uuid": f"{host}-uuid",
                "host": host,
                "node": f"{host}.example.org",
                "zone": "OS1",
                "aggregates": ["ssd"],
                "vcpus_total": 32,
                "vcpus_ratio": 4.0,
                "vcpus_used": used,
                "memory_total": 262144,
                "disk_total": 2000,
                "seen_at": AT,
            },
        )
        yield "LeakLook", {"cloud_id": 1, "host": host, "due_at": LATER}
        for hour in range(3):
            yield (
                "Snapshot",
                {
                    "cloud_id": 1,
                    "host": host,
                    "at": AT + timedelta(hours=hour),
                    "instances": 10 + hour,
                    "vcpus_capacity": 128,
                    "vcpus_used": used,
                    "memory_capacity": 262144,
                    "memory_used": 1000,
                    "disk_capacity": 2000,
                    "disk_used": 500,
                },
            )
    for cloud, uuid in ((1, INSTANCE), (1, OTHER), (2, INSTANCE)):
        yield (
            "Instance",
            {
                "cloud_id": cloud,
                "uuid": uuid,
                "name": "web-“Ü”",
                "project_id": "5f2b0d1c9e7a4d3f8b6c1a2e3d4f5061",
                "project_name": "shop",
                "host": "compute-30",
                "status": "ACTIVE",
                "flavor_name": "m1.small",
                "vcpus": 1,
                "memory": 2048,
                "disk": 20,
                "group": GROUP,
                "seen_at": AT,
            },
        )
    yield (
        "ServerGroup",
        {
            "cloud_id": 1,
            "uuid": GROUP,
            "name": "web",
            "policy": "anti-affinity",
            "seen_at": AT,
        },
    )
    yield (
        "NovaMigration",
        {
            "cloud_id": 1,
            "number": 7,
            "uuid": OTHER,
            "instance": INSTANCE,
            "type": "live-migration",
            "status": "completed",
            "created_at": AT,
        },
    )
    yield (
        "CopySpeed",
        {
            "cloud_id": 1,
            "source": "compute-30",
            "target": "compute-31",
            "mbit": 940,
            "latest": True,
            "at": AT,
            "asked_at": AT,
            "asked_by_name": "otto",
            "token": "00000001",
        },
    )
    yield (
        "Drain",
        {
            "id": 1,
            "cloud_id": 1,
            "hosts": ["compute-30"],
            "limits": {"per_source": 2, "per_target": 2, "per_zone": 0, "overall": 10},
            "reason": "New memory.",
            "expires_at": AT + timedelta(days=9000),
            "state": "running",
            "token": "5f2b0d1d",
            "plan_digest": DIGEST,
            "asked_by_id": 2,
            "asked_by_name": "otto",
            "asked_at": AT,
            "services": [{"host": "compute-30", "was_enabled": True, "reason": ""}],
        },
    )
    yield _request(1, "completed", ended_at=LATER)
    yield _request(
        2, "held", open_instance=f"pretend:{INSTANCE}", why="Nova is silent."
    )
    yield _request(3, "approved", open_instance=f"pretend:{OTHER}", instance=OTHER)
    yield _request(4, "rejected", asked_by_id=None, target=None)
    yield _request(5, "requested", open_instance="gone:1", cloud_id=2, drain_id=1)
    yield from _run(1, "completed", ended_at=LATER)
    yield from _run(2, "held", why="Nova is silent.")
    yield "Probe", {"run_id": 1, "target": "icmp:192.0.2.7", "over_at": LATER}
    yield "Sample", {"run_id": 1, "at": AT, "lost": 0, "answers": [[0, 1.5]]}
    yield "Removal", {"run_id": 2, "what": "samples", "count": 60, "at": AT}
    for number, approves in ((1, True), (2, True), (3, True), (4, False)):
        yield "Decision", _decision(approves, request_id=number)
    yield "Decision", _decision(True, drain_id=1)
    yield from old_rows_of_people.rows()


def _decision(approves: bool, **about: Any) -> dict[str, Any]:
    return {
        "by_id": 3,
        "by_name": "anna",
        "groups": ["network"],
        "approves": approves,
        "note": "Looked at.",
        "plan_digest": DIGEST,
        "at": AT,
        **about,
    }

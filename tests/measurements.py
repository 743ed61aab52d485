"""What was measured of hosts: copy speeds between them, and their capacity."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.utils import timezone

from migrations_app.models import Cloud, CopySpeed, Snapshot


def snapshots(host: str, *, of: Cloud, hours: int = 24, **fields: Any) -> None:
    """Give the host one snapshot an hour."""
    now = timezone.now()
    Snapshot.objects.bulk_create(
        Snapshot(
            **{
                "cloud": of,
                "host": host,
                "at": now - timedelta(hours=hours - hour),
                "instances": 10 + hour % 5,
                "vcpus_capacity": 128,
                "vcpus_used": 30 + hour,
                "memory_capacity": 258048,
                "memory_used": 100000 + 3000 * (hour % 9),
                "disk_capacity": 2000,
                "disk_used": 500 + 10 * hour,
                **fields,
            }
        )
        for hour in range(hours)
    )


def copy_speed(source: str, target: str, *, of: Cloud, **fields: Any) -> CopySpeed:
    """Return a measurement that is over: 940 Mbit/s, or the trouble that is given."""
    well = "trouble" not in fields
    values: dict[str, Any] = {
        "cloud": of,
        "source": source,
        "target": target,
        "mbit": 940 if well else None,
        "latest": well,
        "at": timezone.now(),
        "asked_at": timezone.now(),
        "asked_by_name": "otto",
        "token": secrets.token_hex(4),
        **fields,
    }
    return CopySpeed.objects.create(**values)

"""What pages and the API read of measured copy speeds."""

from __future__ import annotations

from migrations_app.models import (
    CopySpeed,
)


def speeds(cloud: str, source: str, target: str) -> list[CopySpeed]:
    """Return the measurements from one host to another, newest first."""
    rows = CopySpeed.objects.filter(cloud__name=cloud, source=source, target=target)
    return list(rows.order_by("-id"))

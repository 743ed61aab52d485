"""What the audit trail says of drains."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from migrations_app.audit import recorder
from migrations_app.models import Drain

LONGEST = 255


def tell(
    verb: str,
    drain: Drain,
    *,
    by: User | None = None,
    note: str = "",
    host: str = "",
    **after: Any,
) -> None:
    """Record it, as the last thing of its transaction; about all hosts, or one."""
    recorder.record(
        verb,
        by=by,
        about=recorder.CloudObject(
            cloud=drain.cloud.name, source=host or named(drain), ticket=drain.ticket
        ),
        note=note,
        after={
            "name": str(drain.pk),
            "drain": drain.pk,
            "hosts": drain.hosts,
            "digest": drain.plan_digest,
            **after,
        },
    )


def named(drain: Drain) -> str:
    """Return what it empties, as a sentence has it."""
    if drain.hosts:
        return ", ".join(drain.hosts)[:LONGEST]
    return f"what drain {drain.back_of_id} moved"

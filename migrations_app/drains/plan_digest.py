"""The digest of a drain's plan, which its approvers agree to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from migrations_app.models import Drain, MigrationRequest


def digest_of(drain: Drain, moves: Sequence[MigrationRequest]) -> str:
    """Return the SHA-256 of all that an approver of the drain agrees to."""
    agreed = {
        "drain": drain.pk,
        "cloud": drain.cloud.name,
        "hosts": drain.hosts,
        "targets": drain.targets,
        "limits": drain.limits,
        "stop_after": drain.stop_after,
        "afterwards": drain.afterwards,
        "token": drain.token,
        "window": [str(drain.window_start), str(drain.window_end)],
        "moves": [
            [
                move.place,
                move.instance,
                move.procedure,
                move.source,
                move.target,
                move.fallbacks,
                move.plan_digest,
            ]
            for move in moves
        ],
        "stays": [[each["instance"], each["sentence"]] for each in drain.stays],
    }
    text = json.dumps(agreed, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

"""A small trail to be searched: what is special about each entry, by its name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

DAY = datetime(2026, 5, 4, 12, tzinfo=UTC)
UUID = "0f3a5c1e-9d2b-4c58-8a01-5b0c2f7e4d11"
# name -> what is special about the entry
ENTRIES: dict[str, dict[str, Any]] = {
    "asked": {"at": DAY, "request_number": 7, "note": "Empty it for new memory."},
    "approved": {
        "verb": "request.approved",
        "actor_name": "anna",
        "at": DAY + timedelta(hours=1),
        "request_number": 7,
        "note": "Agreed with Müller & Søn: go!",
    },
    "started": {
        "verb": "run.started",
        "actor_name": "novaweb",
        "at": DAY + timedelta(days=3),
        "request_number": 7,
        "instance": UUID,
        "instance_name": "shop-web",
        "source": "compute-7",
        "target": "compute-8",
        "note": "",
    },
    "held": {
        "verb": "run.held",
        "actor_name": "novaweb",
        "at": DAY + timedelta(days=3, hours=1),
        "instance": UUID,
        "instance_name": "shop-web",
        "source": "compute-8",
        "target": "compute-9",
        "ticket": "CHG/9 'x' \\ \"y\"",
        "note": "The guest does not answer.",
        "before": {"state": "running"},
        "after": {"state": "held", "wörter": {"tief": ["verschachtelt", 17]}},
    },
    "signed_in": {
        "verb": "account.signed_in",
        "actor_name": "o'neil@example.org",
        "at": DAY + timedelta(days=9),
        "instance": "",
        "instance_name": "",
        "source": "",
        "target": "",
        "ticket": "",
        "cloud": "",
        "note": "xqaanna a616e6e61 hcompute7 a:anna",
    },
}
TRAIL = list(ENTRIES)

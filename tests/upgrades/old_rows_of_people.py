"""The rows of policies, of what people agreed on, and of what they were told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

AT = datetime(2026, 3, 29, 1, 30, 0, 250_000, tzinfo=UTC)
LATER = AT + timedelta(hours=2)
DIGEST = "d1" * 32
Row = tuple[str, dict[str, Any]]
RULE = {
    "clouds": [],
    "projects": ["shop"],
    "zones": [],
    "aggregates": [],
    "hosts": [],
    "procedures": [],
    "instances_at_least": 1,
    "window": "any",
    "stages": [{"groups": ["network"], "approvers": 2}],
    "approval_hours": 4,
    "request_hours": None,
    "break_glass": False,
}


def rows() -> Iterator[Row]:
    """Yield each row with the name of its model."""
    yield from _policies()
    yield from _notices()
    yield from _accounts()


def _accounts() -> Iterator[Row]:
    yield "SignInTries", {"key": DIGEST, "tries": 6, "last_at": AT, "next_at": LATER}
    yield "RefusedSignIns", {"minute": AT, "entries": 30, "counted": 117}
    yield "Session", {"session_key": DIGEST[:32], "expire_date": LATER, "person_id": 1}
    yield (
        "ExternalIdentity",
        {"person_id": 1, "source": "https://id.example.org", "subject": "s-1"},
    )
    yield (
        "Display",
        {"person_id": 1, "time_zone": "Europe/Berlin", "rows": 100, "theme": "dark"},
    )
    yield (
        "KeptAnswer",
        {"account_id": 1, "key": DIGEST, "asked": DIGEST, "begun_at": AT},
    )
    yield "UsedCode", {"person_id": 1, "counter": 59_000_000}
    yield "AccountToConfirm", {"person_id": 2, "by_id": 1, "by_name": "r", "at": AT}
    yield "PasswordToChange", {"person_id": 1, "set_by_name": "root", "set_at": AT}


def _policies() -> Iterator[Row]:
    yield (
        "Window",
        {
            "id": 1,
            "name": "Night",
            "kind": "maintenance",
            "time_zone": "Europe/Berlin",
            "starts": "2026-01-01T22:00:00",
            "ends": "2026-01-02T04:00:00",
            "recurrence": "FREQ=DAILY",
            "reason": "The quiet hours.",
            "uid": "night@novaweb",
            "begins_at": AT,
            "changed_by_name": "olga",
            "changed_at": AT,
        },
    )
    yield "ApprovalPolicy", {"id": 10, "name": "Shop", "weight": 500, "rule": RULE}
    yield (
        "PolicyVersion",
        {
            "policy_id": 10,
            "number": 1,
            "rule": {"name": "Shop", "active": True, "weight": 500, **RULE},
            "by_name": "olga",
            "at": AT,
        },
    )
    yield (
        "Delegation",
        {
            "giver_id": 3,
            "giver_name": "anna",
            "taker_id": 2,
            "taker_name": "otto",
            "reason": "Holidays.",
            "starts_at": AT,
            "ends_at": LATER,
            "made_at": AT,
        },
    )
    yield (
        "BrokenGlass",
        {
            "request_id": 2,
            "plan_digest": DIGEST,
            "by_id": 2,
            "by_name": "otto",
            "reason": "It burns.",
            "at": AT,
        },
    )


def _notices() -> Iterator[Row]:
    yield "Told", {"id": 1, "entry": 2}
    yield (
        "Notice",
        {
            "person_id": 1,
            "entry": 2,
            "event": "held",
            "verb": "run.held",
            "text": "The move is held.",
            "path": "/requests/2/",
            "at": AT,
        },
    )
    yield "Choice", {"person_id": 1, "event": "held", "channel": "mail", "scope": "all"}
    yield (
        "Webhook",
        {
            "id": 1,
            "name": "chat",
            "url": "https://chat.example.org/hooks/7f0c",
            "events": ["held"],
            "secret": "none",
            "created_by_name": "olga",
            "created_at": AT,
        },
    )
    yield "Lane", {"key": "webhook:1"}
    yield (
        "Delivery",
        {
            "id": 1,
            "token": "msg_7f0c8a01",
            "channel": "webhook",
            "lane": "webhook:1",
            "webhook_id": 1,
            "to": "chat",
            "event": "held",
            "body": "{}",
            "made_at": AT,
        },
    )
    yield "Attempt", {"delivery_id": 1, "at": AT, "took_ms": 12, "good": False}
    yield (
        "SavedSearch",
        {
            "name": "Holds",
            "filters": {"verb": "run.held"},
            "owner_id": 1,
            "owner_name": "rita",
            "made_at": AT,
        },
    )

"""Who the demo's people are: named after what they may do, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one account is there for; ``role`` is None for who has none."""

    role: str | None
    may: str


# Two approvers, since nobody approves their own request and some moves take two.
PARTS: Mapping[str, Part] = {
    "requester": Part(role="requester", may="asks for moves"),
    "approver": Part(role="approver", may="approves: the first of two"),
    "approver-2": Part(role="approver", may="approves: the second of two"),
    "operator": Part(role="operator", may="runs moves, drains, windows, webhooks"),
    "auditor": Part(role="auditor", may="reads the trail and timelines"),
    ADMIN: Part(role=None, may="sets policies and accounts, approves nothing"),
}

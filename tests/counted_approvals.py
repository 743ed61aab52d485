"""The approvals that a request has and needs."""

from __future__ import annotations

from migrations_app.models import MigrationRequest
from migrations_app.requests.approvals import evaluate
from migrations_app.requests.approvals.status import Approval


def approvals(request: MigrationRequest) -> list[Approval]:
    """Return the approvals that count now."""
    found = evaluate.approval_status_of(request)
    return [each for stage in found.stages for each in stage.approvals] if found else []


def approvals_needed(request: MigrationRequest) -> int:
    """Return how many people must approve the request; 0: no policy matches it."""
    rule = evaluate.rule_for(request)
    return rule.needed if rule else 0

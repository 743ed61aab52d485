"""The evidence of a drain: what was approved, by whom, and the result, for an auditor.

Each of its moves has evidence of its own (``requests.evidence``).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils import timezone

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.audit import signing
from migrations_app.audit.signing import Standing
from migrations_app.audit.verify import Verdict, verify_segment
from migrations_app.drains import queries as drain_queries
from migrations_app.drains.audit_entries import tell
from migrations_app.models import AuditEntry, Decision, Drain, MigrationRequest


@dataclass(frozen=True, kw_only=True)
class DrainEvidence:
    """The records of a drain; ``entries`` are those about the drain itself.

    They are oldest first, and the last one records this opening.
    """

    drain: Drain
    moves: list[MigrationRequest]
    tally: drain_queries.Tally
    decisions: list[Decision]
    entries: list[AuditEntry]
    chain: Verdict
    signed: Standing

    @property
    def first(self) -> AuditEntry:
        """The oldest entry."""
        return self.entries[0]

    @property
    def last(self) -> AuditEntry:
        """The newest entry: of this opening."""
        return self.entries[-1]


def open_evidence(drain: Drain, *, by: User) -> DrainEvidence:
    """Collect all records of the drain, and audit the opening. Raises NotAllowed."""
    require(by, Verb.SEE_AUDIT)
    tell("drain.evidence_opened", drain, by=by)
    moves = drain_queries.moves(drain)
    entries = list(drain_queries.audited(drain))
    return DrainEvidence(
        drain=drain,
        moves=moves,
        tally=drain_queries.tally(moves, stays=len(drain.stays)),
        decisions=drain_queries.decisions(drain),
        entries=entries,
        chain=verify_segment([entry.pk for entry in entries]),
        signed=signing.standing(timezone.now()),
    )

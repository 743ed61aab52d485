"""The evidence of a change: all records of one request for an auditor."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.utils import timezone

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.audit import recorder, signing
from migrations_app.audit.signing import Standing
from migrations_app.audit.verify import Verdict, verify_segment
from migrations_app.models import (
    AuditEntry,
    Decision,
    Line,
    MigrationRequest,
    Removal,
    Run,
    Step,
)
from migrations_app.runs import downtime
from migrations_app.runs.log_export import log_sha256

ON_HOSTS = frozenset({"run.command", "run.answered", "run.looked"})


@dataclass(frozen=True)
class Evidence:
    """The records of a change.

    ``entries`` are all audit entries about it, oldest first; the last one records this
    opening.
    """

    request: MigrationRequest
    run: Run | None
    steps: list[Step]
    lines: list[Line]
    removals: dict[str, Removal]
    decisions: list[Decision]
    entries: list[AuditEntry]
    chain: Verdict
    signed: Standing
    opened: AuditEntry
    probe: downtime.Probed | None = None
    log_sha256: str = field(default="")

    @property
    def measured(self) -> downtime.Standstill | None:
        """The measured downtime; None if not measured."""
        return downtime.measured(self.steps)

    @property
    def approved_by(self) -> list[str]:
        """Who approved the plan that was valid last, or the drain it is part of."""
        row = self.request
        digest = row.drain.plan_digest if row.drain else row.plan_digest
        return [
            f"{each.by_name} for {each.on_behalf_of_name}"
            if each.on_behalf_of_name
            else each.by_name
            for each in self.decisions
            if each.approves and each.plan_digest == digest
        ]

    @property
    def log_sha256_in_trail(self) -> str:
        """The log's SHA-256 in the audit trail at the end of the run; empty if none."""
        for entry in reversed(self.entries):
            if found := entry.after.get("log_sha256"):
                return str(found)
        return ""

    @property
    def rules(self) -> list[AuditEntry]:
        """The entries that name the applied approval policy."""
        return [entry for entry in self.entries if entry.after.get("policy")]

    @property
    def on_hosts(self) -> list[AuditEntry]:
        """The entries about commands on hosts and SQL statements."""
        return [entry for entry in self.entries if entry.verb in ON_HOSTS]

    @property
    def first(self) -> AuditEntry:
        """The oldest entry."""
        return self.entries[0]

    @property
    def last(self) -> AuditEntry:
        """The newest entry."""
        return self.entries[-1]


def open_evidence(row: MigrationRequest, *, by: User) -> Evidence:
    """Collect all records of the request, and audit the opening.

    Raises NotAllowed.
    """
    require(by, Verb.SEE_AUDIT)
    opened = recorder.record("evidence.opened", by=by, about=row)
    entries = _entries(row)
    run = getattr(row, "run", None)
    lines = list(Line.objects.filter(run=run)) if run else []
    return Evidence(
        request=row,
        run=run,
        steps=list(run.steps.all()) if run else [],
        lines=lines,
        removals={each.what: each for each in run.removals.all()} if run else {},
        decisions=list(
            Decision.objects.filter(drain=row.drain_id)
            if row.drain_id
            else row.decisions.all()
        ),
        entries=entries,
        chain=verify_segment([entry.pk for entry in entries]),
        signed=signing.standing(timezone.now()),
        opened=opened,
        probe=downtime.probed(run) if run else None,
        log_sha256=log_sha256(lines),
    )


def _entries(row: MigrationRequest) -> list[AuditEntry]:
    """Return the audit entries about the request and its drain."""
    found = list(AuditEntry.objects.filter(request_number=row.pk).order_by("pk"))
    if row.drain_id:
        found += AuditEntry.objects.filter(
            verb__startswith="drain.", request_number=None, after__drain=row.drain_id
        )
    return sorted(found, key=lambda entry: entry.pk)

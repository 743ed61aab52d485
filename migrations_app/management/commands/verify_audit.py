"""``manage.py verify_audit``: verify the whole audit trail."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from migrations_app.audit import signing_key, watch


class Command(BaseCommand):
    """Verify the trail; exit with status 1 and the first bad entry if it fails."""

    help = "Verify the whole audit trail: its chain, its end and its signatures."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the progress, then the verdict."""
        verdict = watch.look_at_all(timezone.now(), tell=self._tell)
        if verdict.bad is not None:
            self.stdout.write(f"NOT VERIFIED ({verdict.bad.kind}): {verdict.bad}")
            if verdict.bad.entry:
                self.stdout.write(f"First bad entry: {verdict.bad.entry}")
            sys.exit(1)
        self.stdout.write(f"Verified: {verdict.count} entries, one chain.")
        if verdict.proven is not None:
            after = verdict.count - verdict.proven.count
            self.stdout.write(
                f"Signed at {verdict.proven.at} up to entry {verdict.proven.entry};"
                f" {after} after that are chained and not signed yet."
            )
        if not signing_key.configured():
            self.stderr.write(
                "WARNING: The audit trail is not signed: removed or rewritten entries"
                " would not be detected."
            )

    def _tell(self, done: int, of: int) -> None:
        self.stderr.write(f"{done} of {of} entries")

"""``manage.py sign_audit``: sign the end of the audit trail now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from migrations_app.audit import actions as audit_actions
from migrations_app.errors import Unfit


class Command(BaseCommand):
    """Append a signature to the file NOVAWEB_AUDIT_SIGNED."""

    help = "Sign the end of the audit trail; a worker does it each minute, too."

    def handle(self, *args: Any, **options: Any) -> None:
        """Sign, and print the signed entry."""
        try:
            signed = audit_actions.sign()
        except Unfit as error:
            raise CommandError(error.sentence) from error
        self.stdout.write(f"Signed at {signed.at}, up to entry {signed.entry}.")

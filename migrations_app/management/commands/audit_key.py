"""``manage.py audit_key FILE``: create the key that signs the audit trail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from migrations_app.audit import signing_key


class Command(BaseCommand):
    """Create a private key in a file that only its owner may read."""

    help = "Make an Ed25519 key for NOVAWEB_AUDIT_KEY and print the public one."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the path of the file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the key; print only the public key on standard output."""
        try:
            self.stdout.write(signing_key.make_key(options["file"]), ending="")
        except OSError as error:
            why = error.strerror or str(error)
            raise CommandError(f"{options['file']} was not made: {why}.") from error
        self.stderr.write(
            f"The private key is in {options['file']}. Give the public key above to"
            " the people who verify the audit trail."
        )

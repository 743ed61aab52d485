"""``manage.py sync``: read the inventory now and print the result."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from migrations_app.errors import told
from migrations_app.integrations import connect
from migrations_app.integrations.clouds import known_clouds
from migrations_app.inventory.sync import sync


class Command(BaseCommand):
    """Read the inventory of clouds; workers do this automatically."""

    help = "Read hypervisors and instances of the clouds (all, if none is named)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the names of the clouds."""
        parser.add_argument("clouds", nargs="*", metavar="CLOUD")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read every named cloud; fail with the error sentences."""
        troubles = []
        for name in options["clouds"] or known_clouds():
            try:
                report = sync(
                    name, connect.cloud_of(name), now=timezone.now(), whole=True
                )
            except Exception as error:  # noqa: BLE001 - said below; the next is read
                troubles.append(f"{name}: {told(error)}")
                continue
            if report.trouble:
                troubles.append(str(report))
            else:
                self.stdout.write(str(report))
        if troubles:
            raise CommandError("\n".join(troubles))

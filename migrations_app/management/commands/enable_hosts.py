"""``manage.py enable_hosts``: enable hosts that runs left disabled."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from migrations_app.errors import WorldError
from migrations_app.integrations import connect as wiring
from migrations_app.runs import reenable_hosts as restoring


class Command(BaseCommand):
    """Enable, in every cloud, hosts that runs left disabled; list those of others."""

    help = "Enable the hosts that runs of this novaweb have left disabled."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check each cloud once. Raises CommandError if a host could not be enabled."""
        troubles = []
        for name in settings.NOVAWEB_CLOUDS:
            cloud = wiring.cloud_of(name)
            try:
                restored = restoring.restore(name, cloud, now=timezone.now())
                others = restoring.foreign(name, cloud.services())
            except WorldError as error:
                troubles.append(f"{name}: {error.sentence}")
                continue
            hosts = ", ".join(restored) or "nothing had to be"
            self.stdout.write(f"{name}: enabled: {hosts}")
            for host, reason in others.items():
                self.stdout.write(f"{name}: {host} is not ours: “{reason}”")
        if troubles:
            raise CommandError("\n".join(troubles))

"""``manage.py enable_hosts``: enable hosts that runs left disabled."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from migrations_app.errors import told
from migrations_app.integrations import connect
from migrations_app.runs import reenable_hosts


class Command(BaseCommand):
    """Enable, in every cloud, hosts that runs left disabled; list those of others."""

    help = "Enable the hosts that runs of this novaweb have left disabled."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check each cloud once. Raises CommandError if a host could not be enabled."""
        troubles = []
        for name in settings.NOVAWEB_CLOUDS:
            try:
                cloud = connect.cloud_of(name)
                restored = reenable_hosts.restore(name, cloud, now=timezone.now())
                others = reenable_hosts.foreign(name, cloud.services())
            except Exception as error:  # noqa: BLE001 - said below; the next is tried
                troubles.append(f"{name}: {told(error)}")
                continue
            hosts = ", ".join(restored) or "nothing had to be"
            self.stdout.write(f"{name}: enabled: {hosts}")
            for host, reason in others.items():
                self.stdout.write(f"{name}: {host} is not ours: “{reason}”")
        if troubles:
            raise CommandError("\n".join(troubles))

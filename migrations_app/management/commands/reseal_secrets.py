"""``manage.py reseal_secrets``: encrypt stored secrets with the newest key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from migrations_app.access import second_factor
from migrations_app.notifications import webhooks as notification_webhooks


class Command(BaseCommand):
    """Encrypt stored secrets with NOVAWEB_SECRET_KEY, so that older keys may go."""

    help = (
        "Encrypt the secrets of webhooks and second factors with NOVAWEB_SECRET_KEY,"
        " after it changed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Encrypt them again, and say how many; fail if one cannot be read."""
        done, unread = notification_webhooks.reseal()
        self.stdout.write(f"{done} webhooks have their secrets under the newest key.")
        factors, lost = second_factor.reseal()
        if factors or lost:
            self.stdout.write(f"{factors} secrets of second factors are, too.")
        if lost:
            self.stderr.write(
                f"The second factors of {', '.join(lost)} cannot be read with any key:"
                " add the old one to NOVAWEB_SECRET_KEY_FALLBACKS, or take them away."
            )
        if unread:
            raise CommandError(
                f"Those of {', '.join(unread)} cannot be read with any key: add the old"
                " one to NOVAWEB_SECRET_KEY_FALLBACKS, or make new secrets on their"
                " pages."
            )
        if lost:
            raise CommandError("Not every secret could be read: see above.")

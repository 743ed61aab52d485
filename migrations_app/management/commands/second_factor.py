"""``manage.py second_factor``: take away a second factor that somebody has lost."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from migrations_app.audit import second_factor_actions


class Command(BaseCommand):
    """Take the account's second factor away; its sessions and tokens end."""

    help = "Take away the second factor of somebody who has lost it, and no other can."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the name of the account."""
        parser.add_argument("name")
        parser.add_argument(
            "--take-away", action="store_true", required=True, help="said on purpose"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Take it away, recorded, and say so."""
        name = options["name"]
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no account {name}.")
        count = second_factor_actions.take_away(
            user, by=None, actor_name="manage.py second_factor"
        )
        if not count:
            raise CommandError(f"{name} has no second factor.")
        self.stdout.write(
            f"{name} has no second factor any more, and signs in with the password."
        )

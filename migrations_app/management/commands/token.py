"""``manage.py token``: create an API token for an existing account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from migrations_app.audit import tokens as api_tokens
from migrations_app.models import TokenScope

LONGEST = 365 * 24.0  # hours


class Command(BaseCommand):
    """Create a token, which is shown only this once."""

    help = "Make an API token for an account; it is printed once and kept hashed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the name of the account and the validity of the token."""
        parser.add_argument("name")
        parser.add_argument(
            "--scope",
            choices=TokenScope.Scope.values,
            default=api_tokens.DEFAULT,
            help="what it may: read, ask (the default), or decide: approve, too",
        )
        parser.add_argument(
            "--hours", type=float, default=24.0, help="validity (default: 24)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print only the token on standard output; hints go to standard error."""
        if not 0 < options["hours"] <= LONGEST:
            raise CommandError(
                f"--hours must be more than 0 and at most {LONGEST:.0f}."
            )
        user = User.objects.filter(username=options["name"]).first()
        if user is None or not user.is_active:
            raise CommandError(
                f"There is no account “{options['name']}” that may sign in; “manage.py"
                " account” makes one."
            )
        row, token = api_tokens.create(
            user,
            scope=options["scope"],
            life=timedelta(hours=options["hours"]),
            note="With manage.py token.",
        )
        self.stdout.write(token)
        self.stderr.write(
            f"For {user.get_username()}, of scope {row.scope}, until"
            f" {row.token.expiry:%F %T} UTC. It is not shown again. Send it as"
            " “Authorization: Bearer …”."
        )

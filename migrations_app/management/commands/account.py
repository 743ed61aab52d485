"""``manage.py account``: create an account with roles."""

from __future__ import annotations

import json
import os
import pwd
import secrets
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from migrations_app.access import accounts as access_accounts
from migrations_app.access import passwords
from migrations_app.access.permissions import Role
from migrations_app.audit import account_confirmations
from migrations_app.audit.account_changes import AccountSnapshot, record_changes


class Command(BaseCommand):
    """Create the account, or set its roles to exactly those named.

    An existing account for which nothing is named keeps what it may, and stays
    switched off if it is; --no-role takes all from it. A new account gets a random
    password, which is printed once; one that is there keeps its own unless a new one is
    requested. What is done by this command takes no second person: who runs it reads
    the database and the site's keys, too. The trail has the account of the system that
    ran it. Its owner must change a password that is set here before they can decide
    anything, and before it expires, unless --keep-password is given.
    """

    help = "Create an account or set its roles; prints the password or token."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the name, the roles and the options."""
        parser.add_argument("name")
        parser.add_argument(
            "--role",
            action="append",
            default=[],
            choices=[str(role) for role in Role],
            help="may be given more than once",
        )
        parser.add_argument(
            "--admin", action="store_true", help="may manage accounts on /admin/"
        )
        parser.add_argument(
            "--no-role", action="store_true", help="takes all roles from the account"
        )
        parser.add_argument(
            "--new-password", action="store_true", help="also if the account exists"
        )
        parser.add_argument(
            "--keep-password",
            action="store_true",
            help="its owner need not change a password that is set now",
        )
        parser.add_argument(
            "--confirm",
            action="store_true",
            help="the account, whose password another person set on the pages, is a"
            " person of its own: for a site that has no second superuser",
        )
        parser.add_argument("--json", action="store_true", help="for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create or change the account; print its credentials."""
        if options["no_role"] and (options["role"] or options["admin"]):
            raise CommandError("--no-role takes what --role or --admin would give.")
        there = get_user_model().objects.filter(username=options["name"])
        if options["confirm"] and not there.exists():
            raise CommandError(f"There is no account {options['name']} to confirm.")
        actor = f"manage.py account by {_who()}"
        with transaction.atomic():
            said = self._make(options, actor)
        if options["confirm"] and account_confirmations.confirm_on_the_server(
            there.get(), actor_name=actor
        ):
            said["confirmed"] = "as a person of their own"
        if options["json"]:
            self.stdout.write(json.dumps(said))
            return
        for key, value in said.items():
            self.stdout.write(f"{key}: {value}")

    def _make(self, options: dict[str, Any], actor: str) -> dict[str, str]:
        name, roles = options["name"], sorted(set(options["role"]))
        there = get_user_model().objects.filter(username=name).exists()
        if not there and (why := access_accounts.why_no_name(name)):
            raise CommandError(why)
        user, is_new = get_user_model().objects.get_or_create(username=name)
        before = AccountSnapshot() if is_new else AccountSnapshot.take(user)
        said = {"name": name}
        if is_new or roles or options["admin"] or options["no_role"]:
            user.is_active = True
            user.is_staff = user.is_superuser = options["admin"]
            user.groups.set(
                [Group.objects.get_or_create(name=role)[0] for role in roles]
            )
        has = user.groups.order_by("name").values_list("name", flat=True)
        said["roles"] = ", ".join(has) or "none"
        if not user.is_active:
            said["switched off"] = "name its roles, and it is switched on"
        if is_new or options["new_password"]:
            said["password"] = secrets.token_urlsafe(12)
            user.set_password(said["password"])
            if not options["keep_password"] and (span := passwords.given_for()):
                said["to be changed"] = f"within {span / timedelta(hours=1):g} hours"
        user.save()
        after = AccountSnapshot.take(user)
        record_changes(
            before,
            after,
            by=None,
            actor_name=actor,
            keeps_password=options["keep_password"],
        )
        return said


def _who() -> str:
    """Return the account of the system that runs this; with sudo the one before."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may have no name for it
        name = f"UID {os.getuid()}"
    before = os.environ.get("SUDO_USER", "")
    return f"{before} ({name})" if before and before != name else name

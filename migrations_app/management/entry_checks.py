"""System checks of who enters hosts and Nova's database."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from migrations_app.management.checks import OURS


@register(OURS)
def workers_enter_hosts(**kwargs: Any) -> list[CheckMessage]:
    """Tell of a setting that has web processes enter hosts, and of one that is none."""
    found: list[CheckMessage] = []
    who = settings.NOVAWEB_HOSTS_ENTERED_BY
    if who not in ("worker", "self"):
        found.append(
            Error(
                f"NOVAWEB_HOSTS_ENTERED_BY is “{who}”: nobody.",
                hint="Leave it at worker.",
                id="novaweb.E040",
            )
        )
    real = set(settings.NOVAWEB_CLOUDS) - {"pretend"}
    if who == "self" and real and not settings.DEBUG:
        found.append(
            Warning(
                "NOVAWEB_HOSTS_ENTERED_BY is self: web processes enter hosts and Nova's"
                " database, so they hold the keys to both.",
                hint="Leave it at worker, and give NOVAWEB_SSH and NOVAWEB_NOVA_DB to"
                " workers alone (docs/running.md).",
                id="novaweb.W040",
            )
        )
    if settings.NOVAWEB_LOOK_TIMEOUT < 1:
        found.append(
            Error(
                "NOVAWEB_LOOK_TIMEOUT is below a second: a busy worker would be taken"
                " for none.",
                hint="Leave it at 20.",
                id="novaweb.E041",
            )
        )
    return found

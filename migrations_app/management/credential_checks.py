"""What ``check --deploy`` and a starting worker say of what novaweb itself signs in by.

A credential that ends by itself is of little use to who copied it; but somebody has to
renew it in time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Info, Warning, register
from django.utils import timezone

from migrations_app.errors import WorldError
from migrations_app.integrations import connect
from migrations_app.management.checks import OURS
from migrations_app.management.neighbour_checks import NEIGHBOURS

# So long before its end a credential is warned of.
SOON = timedelta(days=21)


@register(OURS, deploy=True)
def passwords_of_services_last(**kwargs: Any) -> list[CheckMessage]:
    """Say which neighbours are entered by a password that stays until it is changed."""
    database = settings.DATABASES["default"]
    found = []
    if database.get("PASSWORD"):
        hint = "PostgreSQL takes a certificate that ends: sslcert and sslkey."
        found.append(("NOVAWEB_DATABASE_URL", hint))
    if urlsplit(settings.NOVAWEB_REDIS_URL).password:
        hint = "Use a socket in a folder that novaweb alone may enter."
        found.append(("NOVAWEB_REDIS_URL", hint))
    try:
        mail = urlsplit(settings.NOVAWEB_EMAIL_URL).password
    except ValueError:  # told by notifications/checks.py
        mail = None
    if mail:
        hint = "Let the mail server know novaweb by its address, or renew it each year."
        found.append(("NOVAWEB_EMAIL_URL", hint))
    return [
        Info(
            f"{name} has a password that stays the same until somebody changes it.",
            hint=hint,
            id="novaweb.I060",
        )
        for name, hint in found
    ]


@register(NEIGHBOURS, deploy=True)
def credentials_of_clouds_end(**kwargs: Any) -> list[CheckMessage]:
    """Warn of one that ends soon; say where none does, or where it is not known."""
    found: list[CheckMessage] = []
    for cloud in settings.NOVAWEB_CLOUDS:
        try:
            found += _of_cloud(cloud)
        except WorldError as error:
            sentence = f"When novaweb's credential for cloud {cloud} ends is not known."
            found.append(Info(sentence, hint=error.sentence, id="novaweb.I061"))
    return found


def _of_cloud(cloud: str) -> list[CheckMessage]:
    if not connect.has_application_credential(cloud):
        if cloud == connect.PRETEND:
            return []
        return [
            Info(
                f"Cloud {cloud} is entered by a password that stays the same until"
                " somebody changes it.",
                hint="Make an application credential with an end:"
                " docs/least-privilege.md.",
                id="novaweb.I062",
            )
        ]
    end = connect.credential_end(cloud)
    if end is None:
        return [
            Info(
                f"novaweb's application credential for cloud {cloud} has no end.",
                hint="Make it with --expiration: docs/least-privilege.md.",
                id="novaweb.I063",
            )
        ]
    if end - timezone.now() > SOON:
        return []
    return [
        Warning(
            f"novaweb's application credential for cloud {cloud} ends on {end:%F %H:%M}"
            " UTC: without another one no move goes on then.",
            hint="Make another one, write it into clouds.yaml and restart web and"
            " workers; what runs goes on.",
            id="novaweb.W066",
        )
    ]

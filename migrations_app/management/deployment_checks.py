"""What ``check --deploy`` warns of: settings that are not for production."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections

from migrations_app.audit import signing_key, triggers
from migrations_app.management.checks import OURS


@register(OURS, deploy=True)
def deployment_is_meant(**kwargs: Any) -> list[CheckMessage]:
    """Warn about settings that are not for production."""
    if "pretend" in settings.NOVAWEB_CLOUDS:
        return [
            Warning(
                "The pretend cloud is configured: no real instance would be moved.",
                hint="Set NOVAWEB_CLOUDS to names of clouds in clouds.yaml.",
                id="novaweb.W001",
            )
        ]
    return []


@register(OURS, deploy=True)
def redis_is_closed(**kwargs: Any) -> list[CheckMessage]:
    """Warn about a queue that others can read or write."""
    url = urlsplit(settings.NOVAWEB_REDIS_URL)
    if url.scheme == "unix":
        return []
    found: list[CheckMessage] = []
    if not url.password:
        found.append(
            Warning(
                "NOVAWEB_REDIS_URL has no password: whoever reaches Redis can stop and"
                " mislead the workers.",
                hint="Give Redis a password (requirepass), or a socket in a folder that"
                " novaweb alone may enter: unix:///run/novaweb/valkey.sock.",
                id="novaweb.W021",
            )
        )
    if url.scheme != "rediss" and not _is_loopback(url.hostname or ""):
        found.append(
            Warning(
                "Redis is on another machine, and NOVAWEB_REDIS_URL is not rediss://:"
                " its password goes over the network as it is.",
                hint="Have Redis speak TLS, and write rediss://.",
                id="novaweb.W022",
            )
        )
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@register(OURS, deploy=True)
def audit_is_signed(**kwargs: Any) -> list[CheckMessage]:
    """Warn if the audit trail is not signed."""
    if signing_key.configured():
        return []
    sentence = "The audit trail is not signed."
    hint = "docs/audit.md says how; manage.py audit_key makes the key."
    return [Warning(sentence, hint=hint, id="novaweb.W008")]


@register(Tags.database, deploy=True)
def audit_has_another_owner(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn where the account in use may drop the triggers of the audit trail."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        if triggers.may_be_dropped(connections[alias]):
            found.append(
                Warning(
                    "This account of PostgreSQL owns the audit trail: whoever has it"
                    " can lift the triggers.",
                    hint="Run web and workers as novaweb_site (docs/audit.md).",
                    id="novaweb.W020",
                )
            )
    return found

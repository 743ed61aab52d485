"""What ``check --deploy`` warns of: settings that are not for production."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections

from migrations_app.audit import signing_key, triggers
from migrations_app.management.checks import OURS

SHORTEST_TOKEN = 16  # characters
LONGEST_TOKEN = 31 * 24  # hours
# How redis-py writes that a certificate is asked for, and that something is off.
_REQUIRED = ("required", "cert_required")
_NO = ("0", "f", "false", "n", "no")
# This machine's own services, and what a cloud tells its machines alone.
_OWN = tuple(
    map(
        ip_network,
        ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "::/127", "fe80::/10"),
    )
)


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
                "NOVAWEB_REDIS_URL has no password: everybody who reaches Redis can"
                " stop and mislead the workers.",
                hint="Give Redis a password (requirepass), or a socket in a folder that"
                " novaweb alone may enter: unix:///run/novaweb/valkey.sock.",
                id="novaweb.W021",
            )
        )
    if url.scheme != "rediss" and not _is_loopback(url.hostname):
        found.append(
            Warning(
                "Redis is on another machine, and NOVAWEB_REDIS_URL is not rediss://:"
                " its password goes over the network as it is.",
                hint="Have Redis speak TLS, and write rediss://.",
                id="novaweb.W022",
            )
        )
    given = parse_qs(url.query.lower())
    if url.scheme == "rediss" and (
        given.get("ssl_cert_reqs", ["required"])[-1] not in _REQUIRED
        or given.get("ssl_check_hostname", ["true"])[-1] in _NO
    ):
        found.append(
            Warning(
                "NOVAWEB_REDIS_URL is rediss://, but nobody checks that it is that"
                " Redis: its password may be read on the way.",
                hint="Leave ssl_cert_reqs and ssl_check_hostname out, and name the"
                " authority with ssl_ca_certs=PATH.",
                id="novaweb.W032",
            )
        )
    return found


def _is_loopback(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
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
                    "This account of PostgreSQL owns the audit trail: all who have"
                    " it can lift the triggers.",
                    hint="Run web and workers as novaweb_site (docs/audit.md).",
                    id="novaweb.W010",
                )
            )
    return found


def _warning(number: int, sentence: str, hint: str) -> CheckMessage:
    return Warning(sentence, hint=hint, id=f"novaweb.W{number:03}")


@register(OURS, deploy=True)
def doors_are_narrow(**kwargs: Any) -> list[CheckMessage]:
    """Warn about settings that let more in than a site needs."""
    found: list[CheckMessage] = []
    found += [
        _warning(
            24,
            f"NOVAWEB_ALLOWED_HOSTS has {text}: links in answers may lead to any host"
            " that a request names.",
            "Name the hosts by which people reach novaweb.",
        )
        for text in settings.ALLOWED_HOSTS
        # a domain of one label is everybody's: .org
        if text == "*" or (text.startswith(".") and "." not in text.strip("."))
    ]
    found += [
        _warning(
            25,
            f"NOVAWEB_WEBHOOK_NETWORKS has {text}: operators can have novaweb send to"
            " its own machine, or to almost any address.",
            "Name the networks in which the receivers are.",
        )
        for text in settings.NOVAWEB_WEBHOOK_NETWORKS
        if _is_wide(text)
    ]
    if 0 < len(settings.NOVAWEB_METRICS_TOKEN) < SHORTEST_TOKEN:
        found.append(
            _warning(
                28,
                f"NOVAWEB_METRICS_TOKEN has fewer than {SHORTEST_TOKEN} characters: it"
                " can be guessed.",
                'python3 -c "import secrets; print(secrets.token_urlsafe(32))"',
            )
        )
    if settings.NOVAWEB_TOKEN_HOURS > LONGEST_TOKEN:
        found.append(
            _warning(
                29,
                f"NOVAWEB_TOKEN_HOURS is {settings.NOVAWEB_TOKEN_HOURS:g}: a token that"
                " was lost stays good for more than a month.",
                "Leave it at 10; a program may ask for a new token each day.",
            )
        )
    return found


def _is_wide(text: str) -> bool:
    """Tell whether it is more than a site's own, or this machine's.

    A text that names no network is told elsewhere (notifications/checks.py).
    """
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return False
    own = any(network.overlaps(n) for n in _OWN if n.version == network.version)
    return own or network.prefixlen < (8 if network.version == 4 else 16)


@register(OURS, deploy=True)
def ways_are_encrypted(**kwargs: Any) -> list[CheckMessage]:
    """Warn about secrets that go over a network as they are."""
    found: list[CheckMessage] = []
    try:
        mail = urlsplit(settings.NOVAWEB_EMAIL_URL)
    except ValueError:  # told by notifications/checks.py
        mail = urlsplit("")
    if mail.scheme == "smtp" and mail.password and not _is_loopback(mail.hostname):
        found.append(
            _warning(
                26,
                "NOVAWEB_EMAIL_URL is smtp:// with a password, which goes over the"
                " network as it is.",
                "Write smtp+tls:// (STARTTLS) or smtp+ssl://.",
            )
        )
    if settings.HTTPS and urlsplit(settings.NOVAWEB_URL).scheme == "http":
        found.append(
            _warning(
                27,
                f"NOVAWEB_URL is {settings.NOVAWEB_URL}, though NOVAWEB_HTTPS is on:"
                " links in messages begin without encryption.",
                "Write https://.",
            )
        )
    return found


@register(OURS, deploy=True)
def database_is_fit(**kwargs: Any) -> list[CheckMessage]:
    """Warn about SQLite, and about a PostgreSQL that is not asked who it is."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        return [
            _warning(
                31,
                "The database is SQLite: fit for a demo, or a handful of people on one"
                " machine, and all who may write its file may change the audit trail.",
                "Set NOVAWEB_DATABASE_URL to a PostgreSQL.",
            )
        ]
    options = database.get("OPTIONS", {})
    # what libpq is told beside the address itself goes before it
    host = database.get("HOST")
    for name in ("service", "host", "hostaddr"):
        host = options.get(name) or host
    host, mode = str(host or ""), options.get("sslmode", "")
    near = not host or host.startswith(("/", "%2F")) or _is_loopback(host)
    if near or mode in ("verify-full", "verify-ca"):
        return []
    return [
        _warning(
            30,
            f"PostgreSQL is on {host}, and nobody checks that it is that host (sslmode"
            f" is {mode or 'not given'}): its password and all data may be read on the"
            " way.",
            "Add ?sslmode=verify-full&sslrootcert=PATH to NOVAWEB_DATABASE_URL.",
        )
    ]

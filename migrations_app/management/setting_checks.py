"""System checks of addresses and names in the environment.

What has no form at all is refused before (novaweb/environment.py).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from migrations_app.errors import Unreachable
from migrations_app.integrations import tls
from migrations_app.management.checks import OURS

# Of the lab, the tests and the proof, which read their own.
_OTHERS = ("NOVAWEB_LAB_", "NOVAWEB_TEST_", "NOVAWEB_PROOF_")
LONGEST = 100  # characters, of Cloud.name
_GOOD = "redis://:PASSWORD@HOST:6379/0, rediss:// for TLS, or unix:///PATH"


@register(OURS)
def redis_can_be_asked(**kwargs: Any) -> list[CheckMessage]:
    """Refuse an address of Redis at which nothing could be asked; it is not shown."""
    wrong = _wrong_redis(settings.NOVAWEB_REDIS_URL)
    if not wrong:
        return []
    sentence = f"NOVAWEB_REDIS_URL is no address of Redis: {wrong}."
    return [Error(sentence, hint=f"Write {_GOOD}.", id="novaweb.E050")]


def _wrong_redis(url: str) -> str:
    """Return what is wrong with the address; empty if nothing is.

    redis-py 8.1 takes a database that is no number for 0 (connection.py, parse_url),
    and finds an option that it does not know at the first connection only.
    """
    if any(char.isspace() for char in url):
        return "it has a blank in it"
    try:
        parts = urlsplit(url)
        _ = parts.port
        pool = redis.ConnectionPool.from_url(url)
        pool.make_connection()
    except TypeError:
        return "it has an option behind the ? that redis-py does not know"
    except (ValueError, redis.RedisError):
        return "it cannot be read"
    if parts.scheme == "unix":
        return "" if parts.path else "it names no socket"
    if not parts.hostname:
        return "it names no host"
    database = parts.path.strip("/")
    if database and not database.isdecimal():
        return "its database is no number"
    return ""


@register(OURS)
def clouds_have_names(**kwargs: Any) -> list[CheckMessage]:
    """Refuse names that lack a comma between them, or are too long, and doubles."""
    clouds = list(settings.NOVAWEB_CLOUDS)
    found = [
        f"NOVAWEB_CLOUDS has “{name}”, which is no name"
        for name in clouds
        if len(name) > LONGEST or not name.isprintable() or " " in name
    ]
    found += [
        f"NOVAWEB_CLOUDS names {name} more than once"
        for name in sorted(set(clouds))
        if clouds.count(name) > 1
    ]
    hint = "Write names of clouds.yaml, with commas: lab,other."
    return [Error(f"{each}.", hint=hint, id="novaweb.E051") for each in found]


# Of whom NOVAWEB_TLS_CRL has lists.
CRL_OF = ("clouds", "mail", "webhooks", "sign-in")


@register(OURS)
def revoked_certificates_are_listed(**kwargs: Any) -> list[CheckMessage]:
    """Refuse lists of nobody, and warn of those that cannot be read."""
    found: list[CheckMessage] = []
    for whose, path in settings.NOVAWEB_TLS_CRL.items():
        if whose not in CRL_OF:
            sentence = f"NOVAWEB_TLS_CRL has a list for “{whose}”, which is nobody."
            hint = f"Write it for {', '.join(CRL_OF)}: clouds=/PATH."
            found.append(Error(sentence, hint=hint, id="novaweb.E052"))
            continue
        try:
            tls.context(path)
        except Unreachable as error:
            hint = "Nobody whose certificate it is about is believed without it."
            found.append(Warning(error.sentence, hint=hint, id="novaweb.W053"))
    return found


@register(OURS)
def list_for_postgresql_is_there(**kwargs: Any) -> list[CheckMessage]:
    """Refuse a list for PostgreSQL that cannot be read.

    libpq does without, unlike all else (fe-secure-openssl.c, initialize_SSL, 15 to 17),
    and says nothing of it.
    """
    path = settings.DATABASES["default"].get("OPTIONS", {}).get("sslcrl")
    if not path:
        return []
    try:
        tls.context(str(path))
    except Unreachable:
        return [
            Error(
                f"The list of revoked certificates {path} of NOVAWEB_DATABASE_URL"
                " (sslcrl) cannot be read, and PostgreSQL's library does without it:"
                " a server whose certificate was revoked would be believed.",
                hint="Put a PEM file there, or correct the path.",
                id="novaweb.E054",
            )
        ]
    return []


@register(OURS)
def variables_are_known(**kwargs: Any) -> list[CheckMessage]:
    """Warn of variables that nothing reads, as misspelt ones are."""
    return [
        Warning(
            f"{name} is no setting of novaweb, and nothing reads it.",
            hint=f"Is {near[0]} meant?" if near else "docs/running.md has them all.",
            id="novaweb.W050",
        )
        for name, near in unknown(os.environ, settings.ENVIRONMENT_NAMES)
    ]


def unknown(
    given: Iterable[str], known: Iterable[str]
) -> Iterable[tuple[str, list[str]]]:
    """Yield variables that no setting reads, each with the setting that is like it."""
    readable = {*known, *(f"{name}_FILE" for name in known)}
    for name in sorted(given):
        ours = re.fullmatch(r"NOVAWEB_[A-Z0-9_]+", name) is not None
        if ours and name not in readable and not name.startswith(_OTHERS):
            yield name, get_close_matches(name, readable, n=1)

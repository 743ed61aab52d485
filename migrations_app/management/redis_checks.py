"""What ``check --deploy`` and a starting worker say of a Redis that lets nobody in.

The site goes on without one, some seconds later each time; so it is a warning, and one
that says what is wrong, where redis-py says many things in one way. One that is away is
told as such: it may be back in a moment.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Info, Warning, register
from redis import exceptions

from migrations_app.integrations.looks import wire
from migrations_app.management.neighbour_checks import NEIGHBOURS
from migrations_app.runs import wakeup

# What OpenSSL says of a certificate that is another's (X509_V_ERR_…).
_REVOKED, _NAMES = 23, (62, 64)
_CRL = (3, 12)  # there is no list of its authority, or it is over
_GIVE_CA = "Name the authority's file: ?ssl_ca_certs=PATH in NOVAWEB_REDIS_URL."


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What is wrong, and what to do. ``away``: nobody answers, which may pass.

    Neither sentence has the address, which may hold a password.
    """

    sentence: str
    hint: str
    away: bool = False


@register(NEIGHBOURS, deploy=True)
def redis_lets_novaweb_in(**kwargs: Any) -> list[CheckMessage]:
    """Warn where Redis refuses novaweb or is another, and say where it is away."""
    found = _trouble_with(settings.NOVAWEB_REDIS_URL)
    if found is None:
        return []
    kind, number = (Info, "I024") if found.away else (Warning, "W023")
    sentence = (
        f"{found.sentence} Without Redis moves begin and go on some seconds late, and"
        " pages that need a worker's look have none."
    )
    return [kind(sentence, hint=found.hint, id=f"novaweb.{number}")]


def _trouble_with(url: str) -> _Trouble | None:
    """Return what is in the way; None: nothing, or no address (``novaweb.E050``)."""
    try:
        with redis.Redis.from_url(
            url,
            socket_timeout=wakeup.PATIENCE,
            socket_connect_timeout=wakeup.PATIENCE,
        ) as client:
            client.ping()
            client.time()
            client.llen(wire.QUESTIONS)
            client.llen("rq:queue:runs")
    except wakeup.NO_ADDRESS:
        return None
    except exceptions.AuthenticationError:
        return _WRONG_PASSWORD
    except exceptions.NoPermissionError:
        return _MAY_NOT
    except exceptions.TimeoutError:
        return _Trouble(
            f"Redis does not answer within {wakeup.PATIENCE:g} s.",
            "Is it the right address, and does a firewall let novaweb through? A Redis"
            " with no TLS at that port does not answer rediss:// either.",
            away=True,
        )
    except exceptions.RedisError as error:
        return _of_connection(error)
    return None


_WRONG_PASSWORD = _Trouble(
    "Redis refuses the password or account of NOVAWEB_REDIS_URL.",
    "Write what Redis has: redis://ACCOUNT:PASSWORD@HOST/0, without ACCOUNT for"
    " requirepass; special characters as %XX.",
)
_MAY_NOT = _Trouble(
    "Redis does not let the account of NOVAWEB_REDIS_URL do what novaweb does there.",
    "Give it the rights of docs/least-privilege.md (ACL SETUSER).",
)
_NOBODY = _Trouble(
    "Nobody listens at the address of NOVAWEB_REDIS_URL.",
    "Start Redis, or correct the host and port, or the socket.",
    away=True,
)


def _of_connection(error: BaseException) -> _Trouble:
    by_socket = settings.NOVAWEB_REDIS_URL.startswith("unix:")
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _of_certificate(cause)
        if isinstance(cause, ssl.SSLError):
            why = (cause.reason or "").replace("_", " ").lower() or "an error of TLS"
            return _Trouble(
                f"Redis and novaweb do not come to TLS with each other ({why}).",
                "Does Redis listen with TLS there (tls-port)? rediss:// is for that"
                " port alone.",
            )
        if isinstance(cause, FileNotFoundError) and by_socket:
            return _NOBODY
        if isinstance(cause, FileNotFoundError | PermissionError):
            return _Trouble(
                f"A file that NOVAWEB_REDIS_URL names cannot be read"
                f" ({cause.strerror}).",
                "Correct ssl_ca_certs, ssl_certfile, ssl_keyfile, or the socket.",
            )
        if isinstance(cause, ConnectionRefusedError):
            return _NOBODY
        if isinstance(cause, ConnectionResetError):
            break
    return _Trouble(
        f"Redis cannot be reached ({_short(error)}).",
        "Where it listens with TLS, write rediss://; else see Redis's own log.",
        away=True,
    )


def _of_certificate(error: ssl.SSLCertVerificationError) -> _Trouble:
    code, said = error.verify_code, error.verify_message
    if code == _REVOKED:
        return _Trouble(
            "The certificate of Redis was revoked, and it is told no password.",
            "Give Redis another certificate, and find out who has the old key.",
        )
    if code in _NAMES:
        return _Trouble(
            f"The certificate of Redis is for another name ({said}), and it is told no"
            " password.",
            "Write the name into NOVAWEB_REDIS_URL that its certificate has.",
        )
    if code in _CRL:
        return _Trouble(
            f"Whether the certificate of Redis was revoked cannot be told ({said}), and"
            " it is told no password.",
            "Put the authority's newest list into the file of ssl_ca_certs, too.",
        )
    return _Trouble(
        f"The certificate of Redis is not trusted ({said}), and it is told no"
        " password.",
        _GIVE_CA,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it came of."""
    it: BaseException | None = error
    while it is not None:
        yield it
        it = it.__cause__ or it.__context__


def _short(error: BaseException) -> str:
    return (str(error).strip().rstrip(".") or type(error).__name__)[:200]

"""Where novaweb is, and who asks: options, the environment, the entry in clouds.yaml.

A token is read from a file or from the environment, never from the command line, which
every user of a machine can see.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from osc_lib import exceptions

KEYS = {"url", "token_file"}
log = logging.getLogger(__name__)


class Settings(NamedTuple):
    """novaweb's address, and the token to show there."""

    address: str
    token: str


def settings(config: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Return them. ``config``: the cloud's entry, with the options merged into it.

    An option counts before the environment, and that before clouds.yaml. Raises
    CommandError with a sentence that says what to do.
    """
    entry = config.get("novaweb") or {}
    if not isinstance(entry, dict) or not set(entry) <= KEYS:
        raise exceptions.CommandError(
            "novaweb in this cloud's entry of clouds.yaml takes url and token_file,"
            " nothing else."
        )
    address = (
        config.get("novaweb_url") or environment.get("NOVAWEB_URL") or entry.get("url")
    )
    if not address:
        raise exceptions.CommandError(
            "Say where novaweb is: --novaweb-url, NOVAWEB_URL, or novaweb: {url: …} in"
            " this cloud's entry of clouds.yaml."
        )
    return Settings(
        _safe(str(address)),
        _token(config.get("novaweb_token_file"), environment, entry),
    )


def _safe(address: str) -> str:
    """Return the address. Raises CommandError for one to which no token must go."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if (
        host is None
        or parts.scheme not in ("http", "https")
        or parts.username is not None
        or parts.query
        or parts.fragment
    ):
        raise exceptions.CommandError(
            "novaweb's address has the form https://novaweb.example.org, and no name"
            " or password in it."
        )
    if parts.scheme == "http" and not _is_this_machine(host):
        raise exceptions.CommandError(
            f"http:// would show the token to everybody on the way to {host}: give an"
            " address with https://."
        )
    return address


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _token(
    option: str | None, environment: Mapping[str, str], entry: Mapping[str, Any]
) -> str:
    token = environment.get("NOVAWEB_TOKEN")
    named = environment.get("NOVAWEB_TOKEN_FILE")
    if not option and token and named:
        raise exceptions.CommandError(
            "NOVAWEB_TOKEN and NOVAWEB_TOKEN_FILE are both set: unset one of them."
        )
    if token and not option:
        return _one_word(token, "NOVAWEB_TOKEN")
    file = option or named or entry.get("token_file")
    if not file:
        raise exceptions.CommandError(
            "Say which file holds your token of novaweb: --novaweb-token-file,"
            " NOVAWEB_TOKEN_FILE, or novaweb: {token_file: …} in this cloud's entry of"
            " clouds.yaml. novaweb's page “API tokens” makes one."
        )
    path = Path(file).expanduser()
    try:
        if path.stat().st_mode & 0o007:
            log.warning("Every user of this machine can read %s: chmod o= it.", path)
        return _one_word(path.read_text(encoding="ascii"), str(path))
    except OSError as error:
        raise exceptions.CommandError(
            f"The token cannot be read from {path}: {error.strerror}."
        ) from error
    except UnicodeDecodeError:
        return _one_word("", str(path))


def _one_word(text: str, origin: str) -> str:
    # what else there is in it must not be sent, nor be told in an error's text
    token = text.strip()
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise exceptions.CommandError(f"{origin} holds no token: one word is expected.")
    return token

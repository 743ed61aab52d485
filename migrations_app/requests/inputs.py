"""Validation of user input: each function returns the clean value or raises Unfit."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from migrations_app.audit.notes import _said
from migrations_app.errors import Unfit
from migrations_app.integrations.interfaces import probe_target
from migrations_app.procedures import registry
from migrations_app.requests.plan import AUTO

LONGEST_DEADLINE = 7 * 24 * 60  # minutes


def instance(text: str) -> str:
    """Return the instance's UUID in its usual form."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Unfit(
            f"“{text[:60]}” is not an instance's id. It looks like"
            " 0f3a5c1e-9d2b-4c58-8a01-5b0c2f7e4d11; search the instances for it."
        ) from None


def procedure(name: str) -> str:
    """Return the name of a known procedure, or ``auto``."""
    if name != AUTO:
        registry.procedure(name)
    return name


def reason(text: str) -> str:
    """Return the reason, which must not be empty."""
    return _said(text, "Give a reason for the move.")


def ticket(text: str) -> str:
    """Return the ticket reference, which must match the configured pattern."""
    text = text.strip()
    if len(text) > 100:
        raise Unfit("A ticket reference has at most 100 characters.")
    pattern = settings.NOVAWEB_TICKET_PATTERN
    if text and pattern and not re.fullmatch(pattern, text):
        raise Unfit(f"“{text}” is not a ticket reference; it must match {pattern}.")
    return text


def window(start: datetime | None, end: datetime | None, now: datetime) -> None:
    """Check that the window has not passed."""
    if start and end and end <= start:
        raise Unfit("The window ends before it begins.")
    if end and end <= now:
        raise Unfit("The window has ended already.")


def options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a move.

    ``block_migration``, ``deadline`` (minutes), ``bandwidth`` (Mbit/s, of a manual
    copy) and ``probe`` (interfaces/probe_target.py).
    """
    clean: dict[str, Any] = {}
    for name, value in given.items():
        match name, value:
            case "block_migration", "auto" | True | False:
                clean[name] = value
            case "block_migration", _:
                raise Unfit("block_migration is auto, true or false.")
            case "deadline", int() if (
                value is not True and 1 <= value <= LONGEST_DEADLINE
            ):
                clean[name] = value
            case "deadline", _:
                raise Unfit(f"The deadline is 1 to {LONGEST_DEADLINE} minutes.")
            case "bandwidth", int() if value is not True and 1 <= value <= 1_000_000:
                clean[name] = value
            case "bandwidth", _:
                raise Unfit("The bandwidth is 1 to 1000000 Mbit/s.")
            case "probe", str():
                clean[name] = str(probe_target.parse(value))
            case "probe", _:
                raise Unfit("The probe is icmp:ADDRESS or tcp:ADDRESS:PORT.")
            case _:
                raise Unfit(
                    f"There is no option “{name}”; there are block_migration, deadline,"
                    " bandwidth and probe."
                )
    return clean


def probe(options: Mapping[str, Any], *, own: Iterable[str]) -> None:
    """Check that a probe targets one of the instance's ``own`` addresses.

    Addresses in the permitted networks are accepted too. Raises Unfit.
    """
    if "probe" in options:
        probe_target.admit(
            probe_target.parse(options["probe"]),
            own=own,
            networks=settings.NOVAWEB_PROBE_NETWORKS,
        )

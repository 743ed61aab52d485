"""System checks of the settings for messages: addresses, networks, tickets."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from migrations_app.errors import Unfit
from migrations_app.integrations import connect
from migrations_app.notifications import mail, ticket_pattern


@register("novaweb")
def messages_can_be_sent(**kwargs: Any) -> list[CheckMessage]:
    """Check the settings of mail, webhooks and links."""
    found: list[CheckMessage] = []
    if not _is_address(settings.NOVAWEB_URL):
        found.append(
            Error(
                f"NOVAWEB_URL is “{settings.NOVAWEB_URL}”: no address of a site.",
                hint="Write https://novaweb.example.org, as people type it.",
                id="novaweb.E020",
            )
        )
    for text in settings.NOVAWEB_WEBHOOK_NETWORKS:
        try:
            ip_network(text, strict=False)
        except ValueError:
            found.append(
                Error(
                    f"NOVAWEB_WEBHOOK_NETWORKS has “{text}”, which is no network.",
                    hint="Write 192.0.2.0/24 or 2001:db8::/64, with commas.",
                    id="novaweb.E021",
                )
            )
    if wrong := wrong_sender():
        hint = "Write novaweb@example.org."
        found.append(Error(wrong, hint=hint, id="novaweb.E022"))
    if wrong := wrong_server():
        hint = "docs/notifications.md says how it is written."
        found.append(Error(wrong, hint=hint, id="novaweb.E060"))
    elif mail.configured() and (odd := connect.doubt_mail()):
        hint = "If the server really is like that, leave it."
        found.append(Warning(odd, hint=hint, id="novaweb.W060"))
    return found


def wrong_sender() -> str:
    """Return the sentence about a sender that is no address; empty if it is one."""
    wrong = mail.why_no_address(settings.NOVAWEB_EMAIL_FROM)
    return f"NOVAWEB_EMAIL_FROM: {wrong}" if wrong else ""


def wrong_server() -> str:
    """Return the sentence about a mail server that is none; empty if it is one."""
    if not mail.configured():
        return ""
    try:
        connect.mail()
    except Unfit as error:
        return error.sentence
    return ""


@register("novaweb")
def tickets_lead_somewhere(**kwargs: Any) -> list[CheckMessage]:
    """Check the pattern of tickets, and the template of links to them."""
    found: list[CheckMessage] = []
    pattern = settings.NOVAWEB_TICKET_PATTERN
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        found.append(
            Error(
                f"NOVAWEB_TICKET_PATTERN is no regular expression: {error}.",
                hint=r"Write OPS-\d+, or leave it empty.",
                id="novaweb.E023",
            )
        )
    else:
        if pattern and ticket_pattern.is_slow(pattern):
            found.append(
                Error(
                    "NOVAWEB_TICKET_PATTERN takes seconds to refuse a text, in which"
                    " nobody else is answered.",
                    hint=r"Repeat nothing that repeats itself: write OPS-\d+.",
                    id="novaweb.E025",
                )
            )
    if (place := settings.NOVAWEB_TICKET_URL) and (wrong := _wrong_template(place)):
        found.append(
            Error(
                f"NOVAWEB_TICKET_URL is “{place}”: {wrong}.",
                hint="Write https://tickets.example.org/{ticket}.",
                id="novaweb.E024",
            )
        )
    return found


@register("novaweb", deploy=True)
def links_lead_here(**kwargs: Any) -> list[CheckMessage]:
    """Warn if messages contain links that work on this machine only."""
    if not _is_address(settings.NOVAWEB_URL):
        return []  # told above
    host = urlsplit(settings.NOVAWEB_URL).hostname
    if host in ("localhost", "127.0.0.1", "::1"):
        return [
            Warning(
                f"NOVAWEB_URL is “{settings.NOVAWEB_URL}”: nobody else can follow it.",
                hint="Set it to the address under which people reach novaweb.",
                id="novaweb.W020",
            )
        ]
    return []


def _wrong_template(place: str) -> str:
    """Return the fault of a link template; empty if it is valid."""
    before, found, after = place.partition("{ticket}")
    if not found:
        return "it has no {ticket} in it"
    if any(char in before + after for char in "{}"):
        return "it has braces other than those of {ticket}"
    if not _is_address(before):
        return "it must begin with https:// or http:// and name a host"
    # a ticket that is a part of the host's name could lead anywhere
    if "/" not in before.split("://", 1)[1] and "?" not in before:
        return "{ticket} must come after the host, in the path or behind a ?"
    return ""


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    good = parts.scheme in ("https", "http") and bool(parts.hostname)
    return good and text.isprintable() and not any(char in text for char in " <>\"'")

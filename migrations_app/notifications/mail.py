"""E-mails: plain text, one thread per request."""

from __future__ import annotations

import smtplib
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMessage, get_connection

from migrations_app.errors import Blocked, Unreachable
from migrations_app.integrations.interfaces.http_post import Reply
from migrations_app.models import Delivery

KEPT = 500  # characters of an answer


def configured() -> bool:
    """Return whether a mail server is configured."""
    return bool(settings.NOVAWEB_EMAIL_URL)


def site() -> str:
    """Return the host name of this site, for message ids."""
    return urlsplit(settings.NOVAWEB_URL).hostname or "localhost"


def message(delivery: Delivery, *, at: datetime) -> EmailMessage:
    """Return the message; only its date differs between attempts."""
    name = site()
    headers = {
        "Message-ID": f"<{delivery.token}@{name}>",
        "Date": at.strftime("%a, %d %b %Y %H:%M:%S +0000"),
        "List-Id": f"novaweb <notices.{name}>",
        # so that no holiday notice is sent back (RFC 3834, and what Exchange reads)
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Novaweb-Event": delivery.event,
    }
    if delivery.request_number:
        thread = f"<request-{delivery.request_number}@{name}>"
        headers |= {"In-Reply-To": thread, "References": thread}
    return EmailMessage(
        subject=delivery.subject,
        body=delivery.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[delivery.to],
        headers=headers,
    )


def send(delivery: Delivery, *, at: datetime) -> Reply:
    """Send the message.

    Raises Blocked if the server refuses it finally, Unreachable if another attempt may
    succeed.
    """
    if not configured():
        raise Unreachable("No mail server is configured: set NOVAWEB_EMAIL_URL.")
    try:
        with get_connection(timeout=settings.EMAIL_TIMEOUT) as server:
            server.send_messages([message(delivery, at=at)])
    except BadHeaderError as error:
        raise Blocked(f"The message is not valid: {error}.") from error
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        said = answer.decode(errors="replace")
        text = f"The mail server refuses the address: {code} {said}"
        raise (Blocked if 500 <= code < 600 else Unreachable)(text[:KEPT]) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Unreachable(f"The mail server: {error}"[:KEPT]) from error
    return Reply(250, "The mail server accepted it.")

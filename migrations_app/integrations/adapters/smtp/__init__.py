"""The mail server: where it is, and the talk with it."""

from __future__ import annotations

from migrations_app.integrations.adapters.smtp.address import (
    MailServer,
    doubt,
    mailbox,
    parse,
)
from migrations_app.integrations.adapters.smtp.client import SmtpMail

__all__ = ["MailServer", "SmtpMail", "doubt", "mailbox", "parse"]

"""Whether e-mails and webhooks are set up, and how the last message went."""

from __future__ import annotations

from dataclasses import replace

from migrations_app.inventory.setup_guide.step import State, Step, not_asked
from migrations_app.models import Attempt, Webhook
from migrations_app.notifications import checks as notification_checks
from migrations_app.notifications.mail import configured

_MAIL = Step(
    "E-mail",
    State.OK,
    "",
    "Set NOVAWEB_EMAIL_URL (smtp+tls://USER:PASSWORD@HOST:587) and NOVAWEB_EMAIL_FROM"
    " for web and workers.",
    "People are notified on the pages alone: who does not look there misses an approval"
    " that waits, and a held run.",
)
_WEBHOOKS = Step(
    "Webhooks",
    State.OK,
    "",
    "An operator sets one up on the page Webhooks, for instance to a chat.",
    "No other program is notified of what happens here.",
)
_SENT = "An operator sends a test message on the page {page}."


def mail() -> Step:
    """Return the step about the mail server."""
    if not configured():
        found = "No mail server is configured."
        return replace(_MAIL, state=State.UNUSED, found=found)
    wrong = notification_checks.wrong_server() or notification_checks.wrong_sender()
    if wrong:
        return replace(_MAIL, state=State.FAILS, found=wrong)
    return _by_last(_MAIL, "mail", "Deliveries")


def webhooks() -> Step:
    """Return the step about the webhooks."""
    rows = list(Webhook.objects.order_by("name"))
    off = tuple(f"{row.name}: {row.off_because}" for row in rows if row.off_because)
    if not rows:
        return replace(_WEBHOOKS, state=State.UNUSED, found="There is no webhook.")
    if off:
        found = "novaweb has switched webhooks off."
        remedy = "Look at their receivers, and switch them on on the page Webhooks."
        return replace(
            _WEBHOOKS, state=State.WARNS, found=found, remedy=remedy, details=off
        )
    return _by_last(_WEBHOOKS, "webhook", "Webhooks")


def _by_last(step: Step, channel: str, page: str) -> Step:
    """Return the step by how the last attempt to send by that channel went."""
    attempts = Attempt.objects.filter(delivery__channel=channel)
    last = attempts.select_related("delivery").order_by("-pk").first()
    step = replace(step, remedy=_SENT.format(page=page))
    if last is None:
        return not_asked(step, "It is set up, and no message has been sent yet.")
    if last.good:
        return replace(step, found=f"The last message, to {last.delivery.to}, arrived.")
    found = f"The last attempt, to {last.delivery.to}, failed: {last.answer[:200]}"
    return replace(step, state=State.WARNS, found=found)

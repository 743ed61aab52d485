"""The action to send oneself a test e-mail."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import recorder
from migrations_app.errors import Unfit
from migrations_app.models import Delivery
from migrations_app.notifications import checks as notification_checks
from migrations_app.notifications import dispatch, mail
from migrations_app.notifications import messages as notification_messages


def test(*, by: User) -> Delivery:
    """Send a test e-mail to the person; its page shows the result.

    Raises NotAllowed; Unfit, with a sentence, for settings or an address with which
    none can be sent.
    """
    require(by, Verb.WEBHOOKS)
    if not mail.configured():
        raise Unfit("No mail server is configured: set NOVAWEB_EMAIL_URL.")
    if (
        wrong := notification_checks.wrong_server()
        or notification_checks.wrong_sender()
    ):
        raise Unfit(wrong)
    if not by.email.strip():
        raise Unfit(
            "Your account has no e-mail address: ask an administrator of novaweb to add"
            " it."
        )
    if wrong := mail.why_no_address(by.email):
        raise Unfit(f"The e-mail address of your account cannot be used: {wrong}")
    now = timezone.now()
    sent = Delivery(
        token=dispatch.new_token(),
        channel="mail",
        lane=dispatch.MAIL,
        person=by,
        to=by.email.strip(),
        event="test",
        subject="[novaweb] Test",
        body=f"This is a test that {by.get_username()} sent."
        f"\n\n{notification_messages.link('/deliveries/')}\n",
        next_at=now,
        made_at=now,
    )
    with transaction.atomic():
        require_now(by, Verb.WEBHOOKS)
        sent.save(force_insert=True)
        recorder.record("mail.tested", by=by, after={"to": sent.to})
    return sent

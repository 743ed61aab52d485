"""Messages in lanes, and what their attempts met."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from migrations_app.models import Delivery
from migrations_app.notifications import delivery, dispatch
from tests.stage import Stage

GREETED = (b"220 mail.example.org\r\n", b"250 mail.example.org\r\n")


def waiting(stage: Stage, *recipients: str, subject: str = "Held") -> list[Delivery]:
    """Messages to these, due now."""
    return [
        Delivery.objects.create(
            token=dispatch.new_token(),
            channel="mail",
            lane="mail",
            to=to,
            event="held",
            request_number=12,
            subject=subject,
            body="The move of wéb-1 is held.\n",
            next_at=stage.time,
            made_at=stage.time,
        )
        for to in recipients
    ]


def served(stage: Stage) -> int:
    return delivery.serve("mail", clock=stage.clock)


def after_the_rest(stage: Stage) -> int:
    """Serve the lane again when its rest is over."""
    stage.later(seconds=delivery.REST.total_seconds() + 1)
    return served(stage)


def states(rows: list[Delivery]) -> list[str]:
    for row in rows:
        row.refresh_from_db()
    return [row.state for row in rows]


def said(row: Delivery) -> str:
    """What the last attempt of the message met."""
    return row.attempts.order_by("-pk")[0].answer


@contextmanager
def told_to_use(settings: Any, there: Any, scheme: str, who: str = "") -> Iterator[Any]:
    settings.NOVAWEB_EMAIL_URL = f"{scheme}://{who}localhost:{there.port}"
    settings.NOVAWEB_EMAIL_FROM = "novaweb@example.org"
    yield there

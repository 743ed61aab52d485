"""Messages for a webhook, and what their attempts met."""

from __future__ import annotations

from migrations_app.models import Delivery, Webhook
from migrations_app.notifications import delivery, dispatch
from migrations_app.notifications.webhooks import Made
from tests.notifications.conftest import lane_of
from tests.stage import Stage


def waiting(stage: Stage, hook: Webhook, count: int = 1) -> list[Delivery]:
    """Messages for that webhook, due now."""
    rows = [
        dispatch.to_webhook(
            hook, event="held", body=f'{{"a":{number}}}', now=stage.time
        )
        for number in range(count)
    ]
    for row in rows:
        row.save()
    return rows


def served(stage: Stage, made: Made) -> int:
    return delivery.serve(lane_of(made.webhook), clock=stage.clock)


def states(rows: list[Delivery]) -> list[str]:
    for row in rows:
        row.refresh_from_db()
    return [row.state for row in rows]


def said(row: Delivery) -> str:
    return row.attempts.order_by("-pk")[0].answer

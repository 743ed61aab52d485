"""Rows for tests about messages: what one was told, webhooks, what was sent."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone

from migrations_app.models import Attempt, Delivery, MigrationRequest, Notice, Webhook


def webhook(name: str = "chat") -> Webhook:
    """Return a webhook whose secret signs nothing."""
    return Webhook.objects.create(
        name=name,
        url="https://chat.example.org/hooks/7f0c",
        events=["held", "waits"],
        secret="none",
        created_by_name="olga",
        created_at=timezone.now(),
    )


def delivery(about: MigrationRequest, *, state: str = "waiting") -> Delivery:
    """Return a message to a webhook that was tried once in vain."""
    hook = webhook()
    row = Delivery.objects.create(
        token="msg_7f0c8a01",
        channel="webhook",
        lane=f"webhook:{hook.pk}",
        webhook=hook,
        to=hook.name,
        event="held",
        request_number=about.pk,
        body='{"type":"run.held","text":"The move of web-1 is held."}',
        state=state,
        tries=1,
        next_at=timezone.now(),
        made_at=timezone.now(),
    )
    Attempt.objects.create(
        delivery=row,
        at=timezone.now(),
        took_ms=10012,
        good=False,
        status=503,
        answer="The service is down for maintenance.",
    )
    return row


def notice(person: User, number: int, *, read: bool = False) -> Notice:
    """Return one thing that the person was told."""
    return Notice.objects.create(
        person=person,
        entry=number,
        event="held",
        verb="run.held",
        text=f"The move of web-{number} is held: a person must decide.",
        note="Nova says that it is an error: the disk of the target is full.",
        request_number=number,
        path=f"/requests/{number}/",
        at=timezone.now(),
        read_at=timezone.now() if read else None,
    )


def told(event: str) -> list[str]:
    """Who was told of it on the pages, by name."""
    rows = Notice.objects.filter(event=event).select_related("person")
    return sorted(row.person.username for row in rows)

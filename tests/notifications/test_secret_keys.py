"""The secret key is changed, and nothing that was under the old one is lost."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from migrations_app.models import AuditEntry, Webhook
from migrations_app.notifications import webhook_signing
from tests.factories import person
from tests.web.test_https import given

pytestmark = pytest.mark.django_db
OLD, NEW = "old " * 20, "new " * 20


def webhook(name: str) -> str:
    """A webhook with that name exists; its secret is returned."""
    secret = webhook_signing.new()
    Webhook.objects.create(
        name=name,
        url="https://chat.example.org/",
        secret=webhook_signing.seal(secret),
        old_secret=webhook_signing.seal(f"old {secret}"),
        created_by_name="olga",
        created_at=timezone.now(),
    )
    return secret


def change_key(settings: Any, *, fallbacks: list[str]) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, fallbacks


def test_it_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    made = given(monkeypatch, NOVAWEB_SECRET_KEY_FALLBACKS="one,two")
    assert made["SECRET_KEY_FALLBACKS"] == ["one", "two"]


def test_secrets_are_encrypted_anew_and_the_old_key_may_go(settings: Any) -> None:
    settings.SECRET_KEY = OLD
    secret = webhook("chat")
    change_key(settings, fallbacks=[OLD])
    call_command("reseal_secrets", stdout=(said := io.StringIO()))
    assert "1 webhooks" in said.getvalue()
    change_key(settings, fallbacks=[])
    hook = Webhook.objects.get()
    assert webhook_signing.unseal(hook.secret) == secret
    assert webhook_signing.unseal(hook.old_secret) == f"old {secret}"
    entry = AuditEntry.objects.get(verb="webhook.resealed")
    assert entry.after == {"count": 1, "unread": []}


def test_one_that_no_key_reads_is_named_and_the_others_are_not_lost(
    settings: Any,
) -> None:
    settings.SECRET_KEY = "lost " * 20
    webhook("tickets")
    settings.SECRET_KEY = OLD
    secret = webhook("chat")
    change_key(settings, fallbacks=[OLD])
    before = Webhook.objects.get(name="tickets").secret
    with pytest.raises(CommandError, match="Those of tickets cannot be read"):
        call_command("reseal_secrets", stdout=io.StringIO())
    assert Webhook.objects.get(name="tickets").secret == before
    settings.SECRET_KEY_FALLBACKS = []
    kept = Webhook.objects.get(name="chat")
    assert webhook_signing.unseal(kept.secret) == secret


def test_sessions_go_on(settings: Any, client: Client) -> None:
    settings.SECRET_KEY = OLD
    client.force_login(person("rita", "requester"))
    change_key(settings, fallbacks=[OLD])
    assert client.get("/").status_code == 200
    change_key(settings, fallbacks=[])
    assert client.get("/").status_code in (200, 302)

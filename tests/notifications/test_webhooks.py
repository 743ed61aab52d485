"""The verbs about webhooks: who may, what is refused, what is recorded."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.errors import Gone, NotAllowed, TooLate, Unfit
from migrations_app.models import AuditEntry, Delivery, Webhook
from migrations_app.notifications import preferences
from migrations_app.notifications import webhooks as notification_webhooks
from migrations_app.notifications.webhooks import Made
from tests.cast import Cast, last_entry
from tests.notifications.conftest import Listener
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_setting_one_up_is_recorded_without_its_secret(
    made: Made, listener: Listener
) -> None:
    entry = last_entry("webhook.created")

    assert entry.actor_name == "operator"
    assert entry.after == {
        "name": "chat",
        "url": listener.url,
        "events": ["waits", "held"],
        "group": "",
        "active": True,
    }
    assert made.secret.startswith("whsec_")
    assert made.secret not in str(AuditEntry.objects.values())


def test_only_operators_manage_them(cast: Cast, made: Made) -> None:
    pk = made.webhook.pk
    for who in (cast.requester, cast.approver, cast.auditor, cast.nobody):
        for act in (
            lambda who=who: notification_webhooks.create(
                by=who, name="x", url="x", events=[]
            ),
            lambda who=who: notification_webhooks.change(pk, by=who, active=False),
            lambda who=who: notification_webhooks.rotate(pk, by=who),
            lambda who=who: notification_webhooks.test(pk, by=who),
            lambda who=who: notification_webhooks.remove(pk, by=who),
            lambda who=who: preferences.choose_for(1, by=who, wanted={}),
        ):
            with pytest.raises(NotAllowed):
                act()


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"url": "https://user:secret@example.org/"}, "name and password"),
        ({"url": "http://10.0.0.1/"}, "NOVAWEB_WEBHOOK_NETWORKS"),
        ({"url": "https://169.254.169.254/latest/"}, "no public address"),
        ({"url": "https://[::1]/"}, "no public address"),
        ({"url": "ftp://example.org/"}, "https://"),
        ({"url": "https://example.org/" + "x" * 500}, "500 characters"),
        ({"name": " \n"}, "1 to 100"),
        ({"name": "x" * 101}, "1 to 100"),
        ({"events": []}, "Choose"),
        ({"events": ["nonsense"]}, "no event"),
        ({"events": ["undelivered"]}, "no event"),
        ({"group": "nonsense"}, "no group"),
    ],
)
def test_what_makes_no_sense_is_refused(
    cast: Cast, made: Made, fields: dict[str, Any], word: str
) -> None:
    with pytest.raises(Unfit, match=word):
        notification_webhooks.change(made.webhook.pk, by=cast.operator, **fields)
    assert not AuditEntry.objects.filter(verb="webhook.changed").exists()


def test_a_change_is_recorded_with_what_was_before(cast: Cast, made: Made) -> None:
    notification_webhooks.change(
        made.webhook.pk, by=cast.operator, name="ops", active=False
    )
    notification_webhooks.change(
        made.webhook.pk, by=cast.operator, name="ops"
    )  # no change

    entry = last_entry("webhook.changed")
    assert (entry.before["name"], entry.after["name"]) == ("chat", "ops")
    assert (entry.before["active"], entry.after["active"]) == (True, False)


def test_two_cannot_have_one_name(cast: Cast, made: Made, listener: Listener) -> None:
    with pytest.raises(TooLate, match="chat"):
        notification_webhooks.create(
            by=cast.operator, name="chat", url=listener.url, events=["held"]
        )
    other = notification_webhooks.create(
        by=cast.operator, name="other", url=listener.url, events=["held"]
    )
    with pytest.raises(TooLate, match="chat"):
        notification_webhooks.change(other.webhook.pk, by=cast.operator, name="chat")


def test_removing_one_drops_what_waits_and_keeps_the_log(
    stage: Stage, cast: Cast, made: Made
) -> None:
    sent = notification_webhooks.test(made.webhook.pk, by=cast.operator)
    notification_webhooks.remove(made.webhook.pk, by=cast.operator)

    sent.refresh_from_db()
    assert (sent.state, sent.webhook, sent.to) == ("dropped", None, "chat")
    assert not Webhook.objects.exists()
    assert last_entry("webhook.removed").before["name"] == "chat"
    with pytest.raises(TooLate, match="removed"):
        notification_webhooks.send_again(sent.pk, by=cast.operator)
    with pytest.raises(Gone):
        notification_webhooks.remove(made.webhook.pk, by=cast.operator)


def test_what_is_on_its_way_is_not_sent_again(cast: Cast, made: Made) -> None:
    sent = notification_webhooks.test(made.webhook.pk, by=cast.operator)

    with pytest.raises(TooLate, match="being sent"):
        notification_webhooks.send_again(sent.pk, by=cast.operator)
    assert Delivery.objects.count() == 1


def test_one_that_is_off_takes_no_test(cast: Cast, made: Made) -> None:
    notification_webhooks.change(made.webhook.pk, by=cast.operator, active=False)

    with pytest.raises(TooLate, match="inactive"):
        notification_webhooks.test(made.webhook.pk, by=cast.operator)

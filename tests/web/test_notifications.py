"""The bell, what one was told, choices, webhooks and what was sent."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from migrations_app.models import (
    Attempt,
    AuditEntry,
    Choice,
    Delivery,
    Lane,
    Notice,
    Webhook,
)
from tests import factories

pytestmark = pytest.mark.django_db


def notices(name: str, *texts: str) -> list[Notice]:
    """Tell the person these things, oldest first."""
    person = factories.person(name, "operator")
    return [
        Notice.objects.create(
            person=person,
            entry=number,
            event="held",
            verb="run.held",
            text=text,
            path=f"/runs/{number}/",
            at=timezone.now(),
        )
        for number, text in enumerate(texts, start=1)
    ]


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(Notice.objects.filter(person__username=name)[0].person)
    return client


@pytest.fixture
def there(settings: Any) -> str:
    settings.NOVAWEB_WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    return "http://127.0.0.1:9/hook"


def form(there: str, **fields: Any) -> dict[str, Any]:
    return {"name": "chat", "url": there, "events": ["held"], "group": "", **fields}


def test_the_bell_counts_what_is_new_on_every_page() -> None:
    notices("olga", "One.", "Two.")
    client = signed_in("olga")

    for path in ("/", "/notices/bell/", "/requests/"):
        page = client.get(path).content.decode()
        assert re.search(r'class="count">2<span[^>]*> unread', page), path


def test_the_bell_tells_once_what_is_new_and_nothing_of_others() -> None:
    first, second = notices("olga", "One is held.", "Two is held.")
    notices("otto", "Three is held.")
    client = signed_in("olga")
    assert f"?seen={second.pk}" in client.get("/requests/").content.decode()

    told = client.get(f"/notices/bell/?seen={first.pk}").content.decode()
    assert "Two is held." in told
    assert "One is held." not in told
    assert "Three is held." not in told
    for again in (f"?seen={second.pk}", "", "?seen=x"):
        assert "is held." not in client.get(f"/notices/bell/{again}").content.decode()


def test_ones_own_notices_are_listed_and_nobody_elses(operator: Client) -> None:
    mine, _ = notices("olga", "Mine is held.", "Mine too.")

    assert "Mine is held." not in operator.get("/notices/").content.decode()
    assert operator.post(f"/notices/{mine.pk}/read/").status_code == 404
    page = signed_in("olga").get("/notices/").content.decode()
    assert page.index("Mine too.") < page.index("Mine is held.")


def test_reading_one_leads_to_what_it_is_about() -> None:
    (one,) = notices("olga", "One.")
    client = signed_in("olga")

    assert client.post(f"/notices/{one.pk}/read/")["Location"] == "/runs/1/"
    assert "One." not in client.get("/notices/?only=unread").content.decode()


def test_what_came_after_the_page_was_shown_stays_unread() -> None:
    rows = notices("olga", "One.", "Two.", "Three.")
    client = signed_in("olga")

    client.post("/notices/read/", {"until": rows[1].pk})

    assert list(Notice.objects.filter(read_at=None)) == [rows[2]]
    for nonsense in ("", "x", "-1", "9" * 30):
        assert client.post("/notices/read/", {"until": nonsense}).status_code == 302
    assert list(Notice.objects.filter(read_at=None)) == [rows[2]]


def test_a_choice_is_saved_and_shown(requester: Client) -> None:
    requester.post("/notices/choices/", {"app-held": "all", "mail-held": ""})

    row = Choice.objects.get()
    assert (row.event, row.channel, row.scope) == ("held", "app", "all")
    page = requester.get("/notices/choices/").content.decode()
    assert '<option value="all" selected>' in page
    refused = requester.post("/notices/choices/", {"app-held": "x"}, follow=True)
    assert "none of mine, all and never" in refused.content.decode()


def test_operators_choose_for_groups(operator: Client, requester: Client) -> None:
    group = Group.objects.get(name="approver")
    place = f"/notices/choices/{group.pk}/"

    assert requester.get(place).status_code == 403
    assert operator.post(place, {"mail-held": "all"}).status_code == 302
    assert Choice.objects.get().group == group
    assert "Notification settings of approver" in operator.get(place).content.decode()


def test_a_secret_is_shown_once(operator: Client, there: str) -> None:
    made = operator.post("/webhooks/", form(there))
    (shown,) = re.findall(r"whsec_[\w+/=]+", made.content.decode())
    hook = Webhook.objects.get()

    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    for path in ("/webhooks/", f"/webhooks/{hook.pk}/", "/audit/"):
        assert "whsec_" not in operator.get(path).content.decode()
    again = operator.post(f"/webhooks/{hook.pk}/rotate/")
    assert re.findall(r"whsec_[\w+/=]+", again.content.decode()) not in ([], [shown])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"events": []}, "Choose at least one event."),
        ({"url": "http://10.0.0.1/"}, "NOVAWEB_WEBHOOK_NETWORKS names its network."),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_makes_no_sense_is_shown_with_what_was_typed(
    operator: Client, there: str, fields: dict[str, Any], sentence: str
) -> None:
    answer = operator.post("/webhooks/", form(there, **fields))

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Webhook.objects.exists()


def test_a_webhook_is_changed_tested_and_removed(operator: Client, there: str) -> None:
    operator.post("/webhooks/", form(there))
    place = f"/webhooks/{Webhook.objects.get().pk}/"

    operator.post(place, form(there, name="ops", active="on", group="approver"))
    page = operator.get(place).content.decode()
    assert "<h1" in page and "ops" in page
    assert Webhook.objects.get().group is not None
    sent = operator.post(f"{place}test/")
    assert sent["Location"] == f"/deliveries/{Delivery.objects.get().pk}/"
    assert operator.post(f"{place}remove/")["Location"] == "/webhooks/"
    assert Delivery.objects.get().state == "dropped"


def test_what_was_sent_is_shown_with_every_try_and_as_text(operator: Client) -> None:
    hostile = "<script>alert(1)</script>"
    row = Delivery.objects.create(
        token="msg_1",
        channel="webhook",
        lane="webhook:1",
        to=hostile,
        event="held",
        body=hostile,
        state="given up",
        made_at=timezone.now(),
    )
    Attempt.objects.create(
        delivery=row,
        at=timezone.now(),
        took_ms=7,
        good=False,
        status=500,
        answer=hostile,
    )

    for path in (
        "/deliveries/",
        "/deliveries/?state=given+up&lane=webhook:1",
        f"/deliveries/{row.pk}/",
    ):
        page = operator.get(path).content.decode()
        assert hostile not in page
        assert "&lt;script&gt;" in page
    assert "(500)" in page
    assert "&lt;script" not in operator.get("/deliveries/?lane=mail").content.decode()
    assert operator.post(f"/deliveries/{row.pk}/again/").status_code == 409
    assert operator.get("/deliveries/?page=x&lane=%00").status_code == 200


def test_a_webhook_whose_receiver_is_gone_says_so(operator: Client, there: str) -> None:
    operator.post("/webhooks/", form(there))
    hook = Webhook.objects.get()
    Webhook.objects.update(active=False, off_because="Its receiver answered 410 Gone.")

    for path in ("/webhooks/", f"/webhooks/{hook.pk}/"):
        assert "answered 410 Gone" in operator.get(path).content.decode()
    operator.post(f"/webhooks/{hook.pk}/", form(there, active="on"))
    assert "410" not in operator.get(f"/webhooks/{hook.pk}/").content.decode()


def test_a_receiver_that_is_left_alone_says_until_when(
    operator: Client, there: str
) -> None:
    operator.post("/webhooks/", form(there))
    hook = Webhook.objects.get()
    operator.post(f"/webhooks/{hook.pk}/test/")
    lane = f"webhook:{hook.pk}"
    Lane.objects.create(key=lane, lease_until=timezone.now() + timedelta(hours=1))

    for path in (
        f"/webhooks/{hook.pk}/",
        f"/deliveries/{Delivery.objects.get().pk}/",
        f"/deliveries/?lane={lane}",
    ):
        assert "nothing is sent to it until" in operator.get(path).content.decode()


@pytest.mark.parametrize(
    ("url", "address", "sentence"),
    [
        ("", "olga@example.org", "No mail server is configured"),
        ("smtps://mail.example", "olga@example.org", "begins with smtps://"),
        ("smtp://a:b%0A@mail.example", "olga@example.org", "control character"),
        ("smtp://mail.example", "", "no e-mail address"),
        ("smtp://mail.example", "a@x.example, b@x.example", "more than one address"),
        ("smtp://mail.example", "olga@example.org", ""),
    ],
)
def test_a_test_e_mail_finds_what_is_wrong(
    operator: Client, settings: Any, url: str, address: str, sentence: str
) -> None:
    settings.NOVAWEB_EMAIL_URL = url
    User.objects.update(email=address)

    page = operator.post("/deliveries/test-mail/", follow=True).content.decode()

    assert sentence in page
    assert Delivery.objects.count() == (0 if sentence else 1)
    assert AuditEntry.objects.filter(verb="mail.tested").exists() is not bool(sentence)
    if address.count("@") == 2 and url:
        shown = operator.get("/notices/choices/").content.decode()
        assert "No e-mail can be sent to you" in shown

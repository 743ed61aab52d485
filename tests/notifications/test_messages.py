"""What a person typed stays text, in a chat, in a mail and on a page."""

from __future__ import annotations

import email
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from migrations_app.models import AuditEntry, Delivery, Notice
from migrations_app.notifications import mail
from migrations_app.notifications import messages as notification_messages
from migrations_app.notifications.events import EVENTS
from tests import factories

HOSTILE = (
    "</p><script>alert(1)</script> <!channel> <@U1> <https://evil.example|click>"
    " @channel @here\r\nBcc: victim@example.org\x1b[2J"
)


def entry(**fields: Any) -> AuditEntry:
    return AuditEntry(
        pk=7,
        at=timezone.now(),
        actor_name="rita",
        verb="request.asked",
        request_number=12,
        instance="0f3a5c1e-9d2b-4c58-8a01-5b0c2f7e4d11",
        instance_name=fields.pop("name", "web-1"),
        source="compute-30",
        **fields,
    )


def test_nothing_calls_or_links_in_a_chat() -> None:
    body = json.loads(
        notification_messages.payload(
            entry(name=HOSTILE, note=HOSTILE), EVENTS["waits"]
        )
    )

    assert "<" not in body["text"]
    assert "@channel" not in body["text"]
    assert "@here" not in body["text"]
    assert "\n" not in body["text"]
    # programs get what was typed
    assert body["data"]["note"] == HOSTILE
    assert body["data"]["instance"]["name"] == HOSTILE


def test_a_program_finds_everything_where_the_contract_says(settings: Any) -> None:
    settings.NOVAWEB_URL = "https://novaweb.example.org/"
    settings.NOVAWEB_TICKET_URL = "https://tickets.example.org/{ticket}?x=1"

    given = entry(ticket="OPS/42&a=b", note="Soon.")
    body = json.loads(notification_messages.payload(given, EVENTS["waits"]))

    assert body["type"] == "request.asked"
    assert body["data"]["url"] == "https://novaweb.example.org/requests/12/"
    assert body["data"]["ticket_url"] == (
        "https://tickets.example.org/OPS%2F42%26a%3Db?x=1"
    )
    assert body["data"]["request"] == 12
    assert body["text"].endswith("https://novaweb.example.org/requests/12/")


def test_a_subject_is_one_short_line() -> None:
    subject = notification_messages.subject(entry(name=HOSTILE * 5), EVENTS["waits"])

    assert len(subject) <= 200
    assert not any(ord(char) < 32 for char in subject)


@pytest.mark.django_db
def test_no_header_of_a_mail_can_be_forged(settings: Any) -> None:
    given = entry(name=HOSTILE, note=HOSTILE)
    request = factories.request(reason=HOSTILE, ticket="OPS-1")
    delivery = Delivery(
        token="msg_1",
        to="bert@example.org",
        event="waits",
        request_number=12,
        subject=notification_messages.subject(given, EVENTS["waits"]),
        body=notification_messages.mail(given, EVENTS["waits"], request),
    )

    made = email.message_from_bytes(
        mail.message(
            delivery,
            sender="novaweb@example.org",
            to="bert@example.org",
            at=timezone.now(),
        )
    )

    assert made["Bcc"] is None
    assert made["To"] == "bert@example.org"
    assert made["Message-ID"] == "<msg_1@localhost>"
    assert made["In-Reply-To"] == "<request-12@localhost>"
    assert made["Auto-Submitted"] == "auto-generated"
    assert "\x1b" not in delivery.body
    # what somebody typed is quoted: it cannot be taken for novaweb's own words
    assert "\n> Bcc: victim@example.org" in delivery.body
    assert made.get_content_type() == "text/plain"


@pytest.mark.django_db
def test_nothing_that_was_typed_is_markup_on_the_page() -> None:
    user = factories.person("otto", "operator")
    Notice.objects.create(
        person=user,
        entry=1,
        event="waits",
        verb="request.asked",
        text=notification_messages.sentence(entry(name=HOSTILE)),
        note=HOSTILE,
        path="/requests/12/",
        at=timezone.now(),
    )
    client = Client()
    client.force_login(user)

    page = client.get("/notices/").content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    "text",
    [
        "see https://example.org/x",
        "see HTTPS://example.org",
        "_https://example.org_ 1https://example.org",
        "_www.example.org_ _mailto:x@example.org_",
        "[the plan](https://example.org)",
        "[the plan][1]",
        "www.example.org",
        "mailto:x@example.org",
        "slack://open",
    ],
)
def test_what_a_person_typed_leads_nowhere_in_a_chat(text: str) -> None:
    said = notification_messages.for_chat(text)
    assert not re.search(r":(//|\w)|www\.|\]\(|\]\[", said)
    assert said.replace("\u200b", "") == text


@pytest.mark.parametrize("text", ["at 10:30 UTC", "compute-30:8774", "[OPS-7] a.b"])
def test_other_words_stay_as_they_are(text: str) -> None:
    assert notification_messages.for_chat(text) == text

"""Settings that would send people or novaweb to a wrong place are found at start."""

from __future__ import annotations

import re
from typing import Any

import pytest

from migrations_app.integrations.adapters.smtp import MailServer, parse
from migrations_app.notifications import checks as notification_checks
from migrations_app.web.tags.novaweb import ticket_url


@pytest.mark.parametrize(
    ("name", "value", "id"),
    [
        ("NOVAWEB_URL", "novaweb.example.org", "novaweb.E020"),
        ("NOVAWEB_URL", "javascript:alert(1)", "novaweb.E020"),
        ("NOVAWEB_WEBHOOK_NETWORKS", ["10.0.0.0/33"], "novaweb.E021"),
        ("NOVAWEB_EMAIL_FROM", "nobody", "novaweb.E022"),
        ("NOVAWEB_EMAIL_FROM", "novaweb <novaweb@example.org>", "novaweb.E022"),
        ("NOVAWEB_EMAIL_FROM", "a@example.org, b@example.org", "novaweb.E022"),
        ("NOVAWEB_EMAIL_URL", "mail.example.org:587", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtps://mail.example.org", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://mail.example.org:port", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://mail.example.org:0", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://mäil.example.org", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://mail..example.org", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", f"smtp+tls://{'m' * 64}.example", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://mail.example.org/?tls=1", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://user@mail.example.org", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://user:wörd@mail.example.org", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://user:w%C3%B6@x.example", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://user:word%0A@x.example", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://user:word\n@x.example", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://user:a word@x.example", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://user:a/word@x.example", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://user:a#word@x.example", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://user:100%@x.example", "novaweb.E060"),
        ("NOVAWEB_EMAIL_URL", "smtp+tls://mail.example.org:465", "novaweb.W060"),
        ("NOVAWEB_EMAIL_URL", "smtp://mail.example.org:465", "novaweb.W060"),
        ("NOVAWEB_EMAIL_URL", "smtp+ssl://mail.example.org:587", "novaweb.W060"),
        ("NOVAWEB_TICKET_PATTERN", "OPS-(", "novaweb.E023"),
        ("NOVAWEB_TICKET_PATTERN", "OPS-[0-9]{99999999999}", "novaweb.E023"),
        ("NOVAWEB_TICKET_PATTERN", "(" * 5000 + ")" * 5000, "novaweb.E023"),
        ("NOVAWEB_TICKET_URL", "https://tickets.example.org/", "novaweb.E024"),
        ("NOVAWEB_TICKET_URL", "javascript:alert('{ticket}')", "novaweb.E024"),
        ("NOVAWEB_TICKET_URL", "https://{ticket}.example.org/", "novaweb.E024"),
        ("NOVAWEB_TICKET_URL", "https://x.example.org{ticket}", "novaweb.E024"),
        ("NOVAWEB_TICKET_URL", "https://x.org/{ticket}/{other}", "novaweb.E024"),
        ("NOVAWEB_TICKET_URL", "//x.example.org/{ticket}", "novaweb.E024"),
    ],
)
def test_a_wrong_setting_is_an_error(
    settings: Any, name: str, value: Any, id: str
) -> None:
    setattr(settings, name, value)
    found = [
        *notification_checks.messages_can_be_sent(),
        *notification_checks.tickets_lead_somewhere(),
    ]

    assert [each.id for each in found] == [id]
    assert found[0].hint
    # a password is in no sentence
    assert not re.search("w[oö]rd", found[0].msg.replace("password", ""))


def test_right_ones_are_none(settings: Any) -> None:
    settings.NOVAWEB_URL = "https://novaweb.example.org"
    settings.NOVAWEB_WEBHOOK_NETWORKS = ["10.1.0.0/16", "fd00::/8"]
    settings.NOVAWEB_EMAIL_FROM = "novaweb@example.org"
    settings.NOVAWEB_EMAIL_URL = "smtp+tls://us@er:pa$$%2Fw:%40rd@mail.example.org"
    settings.NOVAWEB_TICKET_PATTERN = r"OPS-\d+"
    settings.NOVAWEB_TICKET_URL = "https://tickets.example.org/browse/{ticket}"

    assert (
        notification_checks.messages_can_be_sent()
        == notification_checks.tickets_lead_somewhere()
        == []
    )
    assert notification_checks.links_lead_here() == []


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("smtp://mail", MailServer("mail", 25, "none")),
        ("smtp+tls://[::1]/", MailServer("::1", 587, "starttls")),
        ("smtp+tls://mail_a.", MailServer("mail_a.", 587, "starttls")),
        (
            "smtp+ssl://us@er:pa$$%2Fw:%40rd@mail.example.org",
            MailServer("mail.example.org", 465, "implicit", "us@er", "pa$$/w:@rd"),
        ),
    ],
)
def test_a_mail_server_is_read_as_it_is_written(url: str, found: MailServer) -> None:
    assert parse(url) == found
    assert "rd" not in repr(parse(url))


def test_a_link_that_leads_to_this_machine_is_a_warning_where_it_is_deployed() -> None:
    assert [each.id for each in notification_checks.links_lead_here()] == [
        "novaweb.W020"
    ]


def test_a_ticket_stays_one_part_of_its_address(settings: Any) -> None:
    settings.NOVAWEB_TICKET_URL = "https://tickets.example.org/browse/{ticket}"

    assert ticket_url("../../evil?x=1#y") == (
        "https://tickets.example.org/browse/..%2F..%2Fevil%3Fx%3D1%23y"
    )

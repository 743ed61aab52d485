"""Settings that would send people or novaweb to a wrong place are found at start."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.notifications import checks as notification_checks
from migrations_app.web.tags.novaweb import ticket_url


@pytest.mark.parametrize(
    ("name", "value", "id"),
    [
        ("NOVAWEB_URL", "novaweb.example.org", "novaweb.E020"),
        ("NOVAWEB_URL", "javascript:alert(1)", "novaweb.E020"),
        ("NOVAWEB_WEBHOOK_NETWORKS", ["10.0.0.0/33"], "novaweb.E021"),
        ("NOVAWEB_EMAIL_FROM", "nobody", "novaweb.E022"),
        ("NOVAWEB_TICKET_PATTERN", "OPS-(", "novaweb.E023"),
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


def test_right_ones_are_none(settings: Any) -> None:
    settings.NOVAWEB_URL = "https://novaweb.example.org"
    settings.NOVAWEB_WEBHOOK_NETWORKS = ["10.1.0.0/16", "fd00::/8"]
    settings.NOVAWEB_EMAIL_FROM = "novaweb@example.org"
    settings.NOVAWEB_TICKET_PATTERN = r"OPS-\d+"
    settings.NOVAWEB_TICKET_URL = "https://tickets.example.org/browse/{ticket}"

    assert (
        notification_checks.messages_can_be_sent()
        == notification_checks.tickets_lead_somewhere()
        == []
    )
    assert notification_checks.links_lead_here() == []


def test_a_link_that_leads_to_this_machine_is_a_warning_where_it_is_deployed() -> None:
    assert [each.id for each in notification_checks.links_lead_here()] == [
        "novaweb.W020"
    ]


def test_a_ticket_stays_one_part_of_its_address(settings: Any) -> None:
    settings.NOVAWEB_TICKET_URL = "https://tickets.example.org/browse/{ticket}"

    assert ticket_url("../../evil?x=1#y") == (
        "https://tickets.example.org/browse/..%2F..%2Fevil%3Fx%3D1%23y"
    )

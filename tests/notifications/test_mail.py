"""E-mail as a real server gets it."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from migrations_app.errors import Unreachable
from migrations_app.models import Delivery
from migrations_app.notifications import dispatch, mail, preferences
from tests.cast import Cast
from tests.notifications.conftest import tell_and_serve
from tests.notifications.mail_server import MailServer
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_a_mail_arrives_in_the_thread_of_its_request(
    stage: Stage, cast: Cast, mail_server: MailServer, settings: Any
) -> None:
    settings.NOVAWEB_URL = "https://novaweb.example.org"
    cast.approver.email = "anna@example.org"
    cast.approver.save()
    request = cast.ask(stage, reason="Der Wirt wird geräumt.")
    assert tell_and_serve(stage, "mail") == 1

    got = mail_server.got[0].message
    assert got["To"] == "anna@example.org"
    assert got["Subject"].startswith(f"[novaweb] #{request.pk} ")
    assert got["References"] == f"<request-{request.pk}@novaweb.example.org>"
    assert got["Message-ID"].endswith("@novaweb.example.org>")
    assert got["List-Id"] == "novaweb <notices.novaweb.example.org>"
    assert got["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(got["Date"]) == stage.time.replace(microsecond=0)
    body = got.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert f"https://novaweb.example.org/requests/{request.pk}/" in body.decode()
    assert "Der Wirt wird geräumt." in body.decode()


@pytest.mark.parametrize(
    ("says", "state"), [("550 no such person", "given up"), ("451 later", "waiting")]
)
def test_what_the_mail_server_says_for_good_is_believed(
    stage: Stage, cast: Cast, mail_server: MailServer, says: str, state: str
) -> None:
    mail_server.replies = {"anna@example.org": says}
    cast.approver.email = "anna@example.org"
    cast.approver.save()
    cast.ask(stage)
    tell_and_serve(stage, "mail")

    row = Delivery.objects.get(channel="mail")
    assert row.state == state
    assert says[4:] in row.attempts.get().answer


def test_without_a_mail_server_no_mail_is_made(
    stage: Stage, cast: Cast, settings: Any
) -> None:
    cast.approver.email = "anna@example.org"
    cast.approver.save()
    settings.NOVAWEB_EMAIL_URL = ""
    cast.ask(stage)
    dispatch.tell_due(stage.time)

    # what nobody can send is not written, so that nothing is given up over and over
    assert not Delivery.objects.exists()
    with pytest.raises(Unreachable, match="NOVAWEB_EMAIL_URL"):
        mail.Session().send(Delivery(to="anna@example.org"), at=stage.time)


def test_choices_are_asked_before_a_mail_is_made(
    stage: Stage, cast: Cast, mail_server: MailServer
) -> None:
    cast.approver.email = "anna@example.org"
    cast.approver.save()
    preferences.choose(by=cast.approver, wanted={"waits": {"mail": "never"}})
    cast.ask(stage)
    dispatch.tell_due(stage.time)

    assert not Delivery.objects.exists()

"""Trouble with messages and recipients: each for itself, and no lane stops."""

from __future__ import annotations

import email
from typing import Any

import pytest

from migrations_app.models import Delivery
from migrations_app.notifications import mail
from tests.notifications.faults import fault
from tests.notifications.mail_lane import (
    GREETED,
    after_the_rest,
    said,
    served,
    states,
    told_to_use,
    waiting,
)
from tests.notifications.mail_server import MailServer, serving
from tests.notifications.raw_server import saying
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@fault(
    "An account's address is none: two of them, with a display name, without @",
    does="given up at once with a sentence; the next message goes out",
)
@pytest.mark.parametrize(
    ("to", "word"),
    [
        ("ops@example.org, night@example.org", "more than one address"),
        ("Ops <ops@example.org>", "has a name with the address"),
        ("ops", "no address"),
        ("ops@exa mple.org", "no domain"),
        ("ops@example.org\r\nBcc: x@example.org", "no address"),
        ("o\x01ps@example.org", "no address"),
    ],
)
def test_a_wrong_address_stops_no_other_message(
    stage: Stage, mail_server: MailServer, to: str, word: str
) -> None:
    bad, good = waiting(stage, to, "anna@example.org")
    served(stage)

    assert states([bad, good]) == ["given up", "delivered"]
    assert word in said(bad)
    assert [each.to for each in mail_server.got] == ["anna@example.org"]


@fault(
    "A message cannot be made: any error of our own",
    does="a failed attempt of that message, tried again later; the next one goes out",
)
def test_an_error_about_one_message_is_a_failed_attempt_of_it(
    stage: Stage, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = mail.message

    def stumble(row: Delivery, **more: Any) -> bytes:
        if row.to == "bert@example.org":
            raise LookupError("nobody knows")
        return real(row, **more)

    monkeypatch.setattr(mail, "message", stumble)
    bad, good = waiting(stage, "bert@example.org", "anna@example.org")
    served(stage)

    assert states([bad, good]) == ["waiting", "delivered"]
    assert bad.tries == 1
    assert "internal error (LookupError)" in said(bad)
    monkeypatch.undo()
    assert after_the_rest(stage) == 1
    assert states([bad]) == ["delivered"]


@fault(
    "Of several recipients one is refused for good (550), one for now (451)",
    does="the others get theirs; 550 is final, 451 is tried again; nobody gets two",
)
def test_a_refusal_is_of_one_recipient(stage: Stage, mail_server: MailServer) -> None:
    mail_server.replies = {
        "gone@example.org": "550 5.1.1 no such person",
        "busy@example.org": "451 4.3.0 later",
    }
    rows = waiting(
        stage, "gone@example.org", "anna@example.org", "busy@example.org", "b@x.example"
    )
    served(stage)

    assert states(rows) == ["given up", "delivered", "waiting", "delivered"]
    assert "550 5.1.1 no such person" in said(rows[0])
    mail_server.replies = {}
    assert after_the_rest(stage) == 1
    assert states(rows) == ["given up", "delivered", "delivered", "delivered"]
    assert [len(mail_server.to(row.to)) for row in rows] == [0, 1, 1, 1]


@fault(
    "The server refuses the text of one message (554 after DATA)",
    does="given up with its words; the next goes over the same connection",
)
def test_a_connection_is_good_after_a_refusal(
    stage: Stage, mail_server: MailServer
) -> None:
    mail_server.taken = {"spam@example.org": "554 5.6.0 looks like spam"}
    rows = waiting(stage, "anna@example.org", "spam@example.org", "bert@example.org")
    served(stage)

    assert states(rows) == ["delivered", "given up", "delivered"]
    assert "looks like spam" in said(rows[1])
    assert {each.connection for each in mail_server.got} == {1}


@fault(
    "The server ends a connection after a number of messages (421)",
    does="goes on over a new connection at once; no attempt fails",
)
def test_a_connection_that_is_over_is_replaced(
    stage: Stage, mail_server: MailServer
) -> None:
    mail_server.most = 2
    rows = waiting(stage, *(f"p{number}@example.org" for number in range(5)))
    served(stage)

    assert states(rows) == ["delivered"] * 5
    assert [each.connection for each in mail_server.got] == [1, 1, 2, 2, 3]
    assert {row.tries for row in rows} == {1}


@fault(
    "The server vanishes after it got the text and before it said OK",
    does="tried again with the same Message-ID, by which the second is known",
)
def test_a_message_that_may_have_arrived_comes_again_under_its_name(
    stage: Stage, settings: Any, mail_server: MailServer
) -> None:
    url = settings.NOVAWEB_EMAIL_URL
    (row,) = waiting(stage, "anna@example.org")
    answers = (*GREETED, b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n", b"")
    with saying(*answers, ends=True) as raw, told_to_use(settings, raw, "smtp"):
        served(stage)

    assert states([row]) == ["waiting"]
    settings.NOVAWEB_EMAIL_URL = url
    assert after_the_rest(stage) == 1
    (again,) = mail_server.got
    first = email.message_from_bytes(raw.heard[-1].rstrip(b".\r\n"))
    assert first["Message-ID"] == again.message["Message-ID"]


@fault(
    "The server says yes with a code of its own (252 for a recipient, 200 for a text)",
    does="the first digit decides: it arrived, and does not come again",
)
@pytest.mark.parametrize("number", [2, 3, 5])
def test_another_yes_is_a_yes(stage: Stage, settings: Any, number: int) -> None:
    answers = [*GREETED, b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n", b"250 ok\r\n"]
    answers[number] = b"252 as you like\r\n"
    (row,) = waiting(stage, "anna@example.org")
    with saying(*answers, ends=True) as raw, told_to_use(settings, raw, "smtp"):
        served(stage)

    assert states([row]) == ["delivered"]
    assert raw.connections == 1


@fault(
    "An address has letters beyond ASCII before the @",
    does="arrives where the server offers SMTPUTF8; else given up with that sentence",
)
@pytest.mark.parametrize("utf8", [True, False])
def test_an_international_address_needs_smtputf8(
    stage: Stage, settings: Any, utf8: bool
) -> None:
    rows = waiting(stage, "jürgen@straße.example", "anna@example.org")
    with serving(utf8=utf8) as there, told_to_use(settings, there, "smtp"):
        served(stage)

    assert states(rows) == ["delivered" if utf8 else "given up", "delivered"]
    if utf8:
        assert there.got[0].to == "jürgen@xn--strae-oqa.example"
        assert there.got[0].utf8
        assert "To: jürgen@xn--strae-oqa.example".encode() in there.got[0].raw
    else:
        assert "does not offer SMTPUTF8" in said(rows[0])
    assert not there.got[-1].utf8


@fault(
    "A domain has letters beyond ASCII",
    does="arrives at its xn-- form by IDNA 2008, at every server",
)
def test_an_international_domain_needs_nothing(stage: Stage, settings: Any) -> None:
    (row,) = waiting(stage, "anna@Straße.example")
    with serving(utf8=False) as there, told_to_use(settings, there, "smtp"):
        served(stage)

    assert states([row]) == ["delivered"]
    assert there.got[0].to == "anna@xn--strae-oqa.example"
    assert there.got[0].message["To"] == "anna@xn--strae-oqa.example"


@fault(
    "Somebody names an instance so that a header would follow",
    does="arrives as one subject, with no other header or recipient",
)
@pytest.mark.parametrize(
    "subject",
    [
        "x\r\nBcc: evil@example.org",
        "=?utf-8?q?x=0D=0ABcc=3A_evil=40example.org?=",
        "x\x85Bcc: evil@example.org",
        "é" * 200,
    ],
)
def test_no_header_can_be_added(
    stage: Stage, mail_server: MailServer, subject: str
) -> None:
    bad, good = waiting(stage, "anna@example.org", subject=subject) + waiting(
        stage, "bert@example.org"
    )
    served(stage)

    assert states([good]) == ["delivered"]
    for each in mail_server.got:
        assert b"\r\nBcc" not in each.raw
        assert each.message["Bcc"] is None
    if "\n" in subject:
        assert states([bad]) == ["waiting"]  # no page or event makes such a one
    else:
        assert states([bad]) == ["delivered"]


@fault(
    "The site's name is longer than a line of a header",
    does="the thread and the list keep their names as they are",
)
def test_a_thread_keeps_its_name(
    stage: Stage, mail_server: MailServer, settings: Any
) -> None:
    host = f"{'a' * 60}.{'b' * 60}.example.org"
    settings.NOVAWEB_URL = f"https://{host}"
    waiting(stage, "anna@example.org")
    served(stage)

    got = mail_server.got[0].message
    assert got["References"].strip() == f"<request-12@{host}>"
    assert got["In-Reply-To"].strip() == f"<request-12@{host}>"
    assert f"<notices.{host}>" in got["List-Id"]
    assert all(len(line) <= 998 for line in mail_server.got[0].raw.split(b"\r\n"))

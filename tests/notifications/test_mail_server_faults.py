"""Trouble with the mail server itself: nothing is lost, and it is not pestered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migrations_app.integrations import connect
from migrations_app.integrations.adapters.smtp import SmtpMail, parse
from migrations_app.models import Lane
from migrations_app.notifications import delivery
from tests.notifications.certificates import certificate
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


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Mail servers are left after a part of a second."""
    monkeypatch.setattr(
        connect,
        "mail",
        lambda: SmtpMail(parse(settings.NOVAWEB_EMAIL_URL), timeout=0.7),
    )


@fault(
    "STARTTLS is asked for, and the server does not offer it",
    does="sends nothing, says so, tries again later",
)
def test_without_starttls_nothing_is_sent(stage: Stage, settings: Any) -> None:
    (row,) = waiting(stage, "anna@example.org")
    with serving() as there, told_to_use(settings, there, "smtp+tls"):
        served(stage)
        assert there.got == []

    assert states([row]) == ["waiting"]
    assert "offers no STARTTLS" in said(row)


@fault(
    "The server's certificate is nobody's we trust, another host's, or over",
    does="sends nothing, says which, tries again later",
)
@pytest.mark.parametrize("scheme", ["smtp+tls", "smtp+ssl"])
@pytest.mark.parametrize(
    ("made", "trusted", "word"),
    [
        ({}, False, "self-signed certificate"),
        ({"name": "mail.example"}, True, "Hostname mismatch"),
        ({"expired": True}, True, "expired"),
    ],
)
def test_a_certificate_is_looked_at(
    stage: Stage,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    made: dict[str, Any],
    trusted: bool,
    word: str,
) -> None:
    pem = certificate(tmp_path / "mail.pem", **made)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    (row,) = waiting(stage, "anna@example.org")
    implicit = scheme == "smtp+ssl"
    with serving(certificate=pem, implicit=implicit) as there:
        with told_to_use(settings, there, scheme):
            served(stage)
        assert there.got == []

    assert states([row]) == ["waiting"]
    assert "not to be trusted" in said(row)
    assert word in said(row)


@fault(
    "The server wants a name and password, and has a certificate",
    does="STARTTLS or TLS from the start, verified; then signs in; then sends",
)
@pytest.mark.parametrize("scheme", ["smtp+tls", "smtp+ssl"])
def test_it_signs_in_over_tls(
    stage: Stage,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    pem = certificate(tmp_path / "mail.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    (row,) = waiting(stage, "anna@example.org")
    implicit = scheme == "smtp+ssl"
    with serving(certificate=pem, implicit=implicit, sign_in=True) as there:
        with told_to_use(settings, there, scheme, "novaweb:right%20password@"):
            served(stage)
        assert states([row]) == ["delivered"], said(row)
        assert [(each.encrypted, each.signed_in) for each in there.got] == [
            (True, True)
        ]


@fault(
    "Name or password are wrong (535)",
    does="says so, leaves the server alone for up to a minute, loses nothing",
)
def test_a_wrong_password_is_not_tried_with_every_message(
    stage: Stage, settings: Any
) -> None:
    rows = waiting(stage, *(f"p{number}@example.org" for number in range(4)))
    with serving(sign_in=True) as there:
        with told_to_use(settings, there, "smtp", "novaweb:wrong@"):
            assert served(stage) == 1
            assert served(stage) == 0
        assert there.connections == 1
        assert "does not accept name and password" in said(rows[0])
        assert "wrong" not in said(rows[0])
        with told_to_use(settings, there, "smtp", "novaweb:right%20password@"):
            after_the_rest(stage)

    assert states(rows) == ["delivered"] * 4


@fault(
    "A password is set, and the server offers no sign-in",
    does="sends nothing, says so, tries again later",
)
def test_without_a_sign_in_nothing_is_sent(stage: Stage, settings: Any) -> None:
    (row,) = waiting(stage, "anna@example.org")
    with serving() as there, told_to_use(settings, there, "smtp", "a:b@"):
        served(stage)

    assert (there.got, states([row])) == ([], ["waiting"])
    assert "offers no sign-in" in said(row)


@fault(
    "The server refuses the sender (553), or everything (554 at once)",
    does="says so, leaves it alone for up to a minute, loses nothing",
)
@pytest.mark.parametrize(
    ("answers", "word"),
    [
        (
            (*GREETED, b"553 5.7.1 not you\r\n", b"250 ok\r\n"),
            "does not take mail from",
        ),
        ((b"554 5.7.0 not you\r\n",), "refuses: 554 5.7.0 not you"),
    ],
)
def test_a_refused_sender_loses_no_message(
    stage: Stage, settings: Any, answers: tuple[bytes, ...], word: str
) -> None:
    rows = waiting(stage, "anna@example.org", "bert@example.org")
    with saying(*answers) as raw, told_to_use(settings, raw, "smtp"):
        assert served(stage) == 1

    assert states(rows) == ["waiting", "waiting"]
    assert word in said(rows[0])
    assert Lane.objects.get(key="mail").lease_until == stage.time + delivery.PAUSES[0]


@pytest.mark.parametrize(
    ("scheme", "answers", "words"),
    [
        (
            "smtp+tls",
            (GREETED[0], b"250-x\r\n250 STARTTLS\r\n", b"454 TLS not now\r\n"),
            "refuses: 454 TLS not now",
        ),
        (
            "smtp",
            (GREETED[0], b"250-x\r\n250 AUTH PLAIN\r\n", b"454 4.7.0 not now\r\n"),
            "cannot check now name and password of NOVAWEB_EMAIL_URL: 454",
        ),
        ("smtp", (b"421 4.7.0 too many\r\n",), "refuses: 421 4.7.0 too many"),
        (
            "smtp",
            (*GREETED, b"250 ok\r\n", b"421 4.7.0 enough\r\n"),
            "ends the connection: 421 4.7.0 enough",
        ),
    ],
)
def test_what_a_server_cannot_do_now_is_said_as_it_says_it(
    stage: Stage, settings: Any, scheme: str, answers: tuple[bytes, ...], words: str
) -> None:
    rows = waiting(stage, "anna@example.org", "bert@example.org")
    who = "a:b@" if b"AUTH" in b"".join(answers) else ""
    with saying(*answers) as raw, told_to_use(settings, raw, scheme, who):
        assert served(stage) == 1

    assert states(rows) == ["waiting", "waiting"]
    assert words in said(rows[0])
    assert not any(b"DATA" in each for each in raw.heard)


@fault(
    "The server drips, says nothing, talks without end, or talks nonsense",
    does="left in time and with a limit, with a sentence; tried again later",
)
@pytest.mark.parametrize(
    ("answers", "more"),
    [
        ((b"",), {}),
        ((b"220 " + b"x" * 200,), {"drip": 0.05}),
        ((b"220-x\r\n",), {"endless": b"220-and more of it\r\n" * 500}),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), {}),
        ((b"220 ok\r\n", b"250-SIZE " + b"9" * 9000 + b"\r\n"), {}),
        ((b"\xff\x00\xff\r\n",), {}),
        ((b"* OK IMAP4rev1 ready\r\n",), {}),
    ],
)
def test_a_server_that_is_none_is_left_in_time(
    stage: Stage,
    settings: Any,
    hasty: None,
    answers: tuple[bytes, ...],
    more: dict[str, Any],
) -> None:
    (row,) = waiting(stage, "anna@example.org")
    with saying(*answers, **more) as raw, told_to_use(settings, raw, "smtp"):
        assert served(stage) == 1

    assert states([row]) == ["waiting"]
    assert said(row).startswith("The mail server localhost:")
    assert "\x00" not in said(row)
    assert "-1" not in said(row)  # smtplib's code for none


@fault(
    "TLS is begun at the wrong port, or the wrong way",
    does="says which of smtp+tls:// and smtp+ssl:// to write",
)
def test_tls_begun_the_wrong_way_is_told(stage: Stage, settings: Any) -> None:
    (row,) = waiting(stage, "anna@example.org")
    with saying(*GREETED) as raw, told_to_use(settings, raw, "smtp+ssl"):
        served(stage)

    assert states([row]) == ["waiting"]
    assert "write smtp+tls:// (STARTTLS)" in said(row)


@fault(
    "Nobody listens at the mail server's address, or its name is not known",
    does="says so, tries again later",
)
def test_nobody_listens(stage: Stage, settings: Any) -> None:
    (row,) = waiting(stage, "anna@example.org")
    with saying() as raw:
        pass
    with told_to_use(settings, raw, "smtp"):
        served(stage)

    assert states([row]) == ["waiting"]
    assert "Connection refused" in said(row)


@fault(
    "NOVAWEB_EMAIL_URL or NOVAWEB_EMAIL_FROM is wrong",
    does="told by manage.py check and the test button; messages wait and say it",
)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NOVAWEB_EMAIL_URL", "smtp+tls://novaweb:pässword@mail.example.org"),
        ("NOVAWEB_EMAIL_FROM", "novaweb <novaweb@example.org>"),
    ],
)
def test_a_wrong_setting_loses_no_message(
    stage: Stage, mail_server: MailServer, settings: Any, name: str, value: str
) -> None:
    right = getattr(settings, name)
    (row,) = waiting(stage, "anna@example.org")
    setattr(settings, name, value)
    served(stage)
    assert states([row]) == ["waiting"]
    assert "pässword" not in said(row)

    setattr(settings, name, right)
    after_the_rest(stage)
    assert states([row]) == ["delivered"]

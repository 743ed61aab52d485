"""Which addresses of people e-mail goes to, and how they are written."""

from __future__ import annotations

import pytest

from migrations_app.errors import Unfit
from migrations_app.integrations.adapters.smtp import mailbox


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("anna@example.org", "anna@example.org"),
        ("o'hara+x@mail", "o'hara+x@mail"),
        ('"a b"@example.org', '"a b"@example.org'),
        ("root@[192.0.2.1]", "root@[192.0.2.1]"),
        ("root@[IPv6:2001:db8::1]", "root@[IPv6:2001:db8::1]"),
        ("anna@Bücher.example", "anna@xn--bcher-kva.example"),
        # IDNA 2008 keeps it; by that of 2003 it would be strasse.example
        ("anna@straße.example", "anna@xn--strae-oqa.example"),
        ("jürgen@example.org", "jürgen@example.org"),
        ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
    ],
)
def test_an_address_is_taken(text: str, found: str) -> None:
    assert mailbox(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "anna",
        "anna@",
        "@example.org",
        "anna@@example.org",
        "anna smith@example.org",
        "anna..b@example.org",
        "anna@exam ple.org",
        "anna@-x.example",
        "anna@example..org",
        f"{'a' * 65}@example.org",
        f"anna@{'a.' * 130}org",
        "anna@example.org\n",
        "anna@example.org\r\nBcc: x@example.org",
        "anna@example.org, bert@example.org",
        "anna@example.org; bert@example.org",
        "Anna <anna@example.org>",
        "<anna@example.org>",
        "anna\x00@example.org",
        "anna@xn--\u2028.example",
    ],
)
def test_what_is_none_is_told(text: str) -> None:
    with pytest.raises(Unfit) as caught:
        mailbox(text)
    assert caught.value.sentence

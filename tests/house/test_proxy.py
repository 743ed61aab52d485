"""The example of a reverse proxy: what it speaks, and what it hands on."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
TEXT = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")


def told(name: str) -> list[str]:
    """Return what the directive says, wherever it stands."""
    return re.findall(rf"^\s*{name}\s+(.*);$", TEXT, re.M)


def test_it_speaks_todays_tls_alone() -> None:
    assert told("ssl_protocols") == ["TLSv1.2 TLSv1.3"]
    (wanted,) = told("ssl_ciphers")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(wanted)
    names = [each["name"] for each in context.get_ciphers()]
    assert names
    weak = [
        name
        for name in names
        if not name.startswith(("TLS_", "ECDHE-"))
        or not re.search("GCM|CHACHA20", name)
    ]
    assert weak == []


def test_it_overwrites_what_novaweb_believes() -> None:
    """What a client sends in these headers would go before what the proxy knows."""
    headers = dict(text.split(None, 1) for text in told("proxy_set_header"))
    assert headers == {
        "Host": "$host",
        "X-Forwarded-Proto": "$scheme",
        "X-Forwarded-For": "$remote_addr",
    }
    web = (DEPLOY / "novaweb-web.service").read_text(encoding="utf-8")
    assert "--host 127.0.0.1 " in web

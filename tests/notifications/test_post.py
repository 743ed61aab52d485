"""Which addresses are posted to, and what comes of those that answer badly."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrations_app.errors import Refused, Unfit, Unreachable
from migrations_app.integrations.adapters.webhook import HttpPost, admit, parse
from tests.notifications import certificates
from tests.notifications.conftest import Listener

LOOPBACK = ["127.0.0.0/8"]


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104 - an address that is to be refused
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "192.0.0.9",
        "192.31.196.1",
        "192.52.193.1",
        "192.88.99.1",
        "192.175.48.1",
        "2001:0:1::fefe:fefe",
        "2002:101:101::",
        "2001::1",
        "2001:1::1",
        "2001:20::1",
        "2620:4f:8000::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "64:ff9b:1::1",
        "fec0::1",
        "ff0e::1",
        "::2",
    ],
)
def test_an_address_that_is_not_public_is_refused(ip: str) -> None:
    with pytest.raises(Refused, match="NOVAWEB_WEBHOOK_NETWORKS"):
        admit(parse("https://hook.example.org/"), [], resolve=lambda *_: [ip])


@pytest.mark.parametrize("ip", ["93.184.216.34", "2606:2800:220:1::1"])
def test_a_public_one_is_asked_over_https_only(ip: str) -> None:
    found = admit(parse("https://hook.example.org/"), [], resolve=lambda *_: [ip])
    assert found == [ip]
    with pytest.raises(Refused, match="https only"):
        admit(parse("http://hook.example.org/"), [], resolve=lambda *_: [ip])


def test_a_network_that_is_named_is_asked_over_http_too() -> None:
    address = parse("http://hook.example.org/")
    assert admit(address, ["10.1.0.0/16"], resolve=lambda *_: ["10.1.2.3"])
    assert admit(address, ["10.1.0.0/16"], resolve=lambda *_: ["::ffff:10.1.2.3"])
    with pytest.raises(Refused):
        admit(address, ["10.1.0.0/16"], resolve=lambda *_: ["10.2.2.3"])


def test_a_name_that_means_a_public_and_a_private_address_is_refused() -> None:
    both = ["93.184.216.34", "127.0.0.1"]
    with pytest.raises(Refused):
        admit(parse("https://hook.example.org/"), [], resolve=lambda *_: both)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
def test_loopback_in_disguise_is_loopback(host: str) -> None:
    # the resolver of the system says what these mean, and what it says is looked at
    with pytest.raises((Refused, Unreachable)):
        admit(parse(f"https://{host}/"), [])


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "//example.org/",
        "https://",
        "https:///path",
        "https://user:secret@example.org/",
        "https://example.org:99999/",
        "https://example.org:0/",
        "https://example.org/ x",
        "https://example.org/\r\nHost: evil",
        "https://example.org\\@evil.example/",
        "https://exämple.org/",
        "https://example.org/#part",
        "https://[::1/",
        "",
    ],
)
def test_what_is_no_address_of_a_webhook_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(Unfit) as caught:
        parse(url)
    assert caught.value.sentence.endswith(".")


def test_it_posts_and_returns_what_is_answered(listener: Listener) -> None:
    listener.status, listener.answer = 202, b"x" * 5000

    reply = HttpPost(LOOPBACK).send(
        listener.url + "?a=b", headers={"webhook-id": "msg_1"}, body=b"{}"
    )

    assert (reply.status, reply.text) == (202, "x" * 500)
    (got,) = listener.got
    assert (got.path, got.body) == ("/hook?a=b", b"{}")
    assert got.headers["webhook-id"] == "msg_1"
    assert got.headers["Host"] == listener.url.split("/")[2]


def test_it_follows_no_redirect(listener: Listener) -> None:
    listener.status, listener.headers = 302, {"Location": listener.url + "/other"}

    reply = HttpPost(LOOPBACK).send(listener.url, headers={}, body=b"{}")

    assert reply.status == 302
    assert len(listener.got) == 1


def test_a_name_is_resolved_once_and_that_address_is_asked(listener: Listener) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    port = listener.url.split(":")[2].split("/")[0]

    post = HttpPost(LOOPBACK, resolve=lambda *_: next(answers))
    reply = post.send(f"http://rebound.example:{port}/", headers={}, body=b"")

    assert reply.status == 200
    assert listener.got[0].headers["Host"] == f"rebound.example:{port}"
    assert next(answers) == ["10.0.0.1"]  # nobody asked a second time


def test_where_nobody_listens_is_said_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unreachable, match="cannot be reached"):
        HttpPost(LOOPBACK).send(f"http://127.0.0.1:{port}/", headers={}, body=b"")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of its own making for hook.example, with its key."""
    return certificates.certificate(tmp_path / "hook.pem", name="hook.example")


@contextmanager
def secure(certificate: Path) -> Iterator[int]:
    """A server that speaks TLS with that certificate; yields its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _ = server.accept()
            try:
                with context.wrap_socket(line, server_side=True) as wrapped:
                    heard = b""
                    while not heard.endswith(b"{}"):
                        heard += wrapped.recv(65536)
                    wrapped.send(b"HTTP/1.1 204 No Content\r\n\r\n")
            except OSError:
                line.close()

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("host", "trusted", "good"),
    [
        ("hook.example", True, True),
        ("other.example", True, False),
        ("hook.example", False, False),
    ],
)
def test_the_certificate_must_be_trusted_and_that_very_hosts(
    certificate: Path, host: str, trusted: bool, good: bool
) -> None:
    context = ssl.create_default_context()
    if trusted:
        context.load_verify_locations(certificate)
    post = HttpPost(LOOPBACK, resolve=lambda *_: ["127.0.0.1"], context=context)
    with secure(certificate) as port:
        url = f"https://{host}:{port}/"
        if good:
            assert post.send(url, headers={}, body=b"{}").status == 204
        else:
            with pytest.raises(Unreachable, match="not to be trusted"):
                post.send(url, headers={}, body=b"{}")

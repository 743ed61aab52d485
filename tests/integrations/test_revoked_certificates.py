"""Nobody whose certificate was revoked is believed, where a list of those is given."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import RequestFactory
from keystoneauth1 import exceptions as ksa
from keystoneauth1.session import Session
from psycopg.conninfo import make_conninfo

from migrations_app.access import openid_connect
from migrations_app.errors import Unreachable
from migrations_app.integrations import tls
from migrations_app.integrations.adapters.nova_database import option_file
from migrations_app.integrations.adapters.openstack import OpenStackCloud
from migrations_app.integrations.adapters.openstack.session import refuse_revoked
from migrations_app.integrations.adapters.smtp import SmtpMail, parse
from migrations_app.integrations.adapters.webhook import HttpPost
from tests.authority import Authority
from tests.notifications.mail_server import serving
from tests.postgresql import PostgreSQL

LOOPBACK = ["127.0.0.0/8"]
GOOD, REVOKED = 7, 8


class Answer(BaseHTTPRequestHandler):
    """Answers whatever is asked."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        host = self.headers["Host"]
        body = json.dumps(
            {
                "issuer": f"https://{host}",
                "authorization_endpoint": f"https://{host}/authorize",
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *said: object) -> None:
        """Say nothing."""


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that is believed as the system's own are, and revoked one certificate."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.file))
    made.revoke(REVOKED)
    return made


@contextmanager
def server(certificate: Path) -> Iterator[tuple[str, list[str]]]:
    """Speak HTTPS with that certificate; yield the address, and what was asked for."""
    asked: list[str] = []
    handler = type("Handler", (Answer,), {"asked": asked})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as there:
        there.socket = context.wrap_socket(
            there.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=there.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{there.server_port}", asked
        finally:
            there.shutdown()
            thread.join()


def listed(authority: Authority, *serials: int) -> str:
    return str(authority.revoke(*serials))


def test_a_webhook_is_not_sent_there(authority: Authority) -> None:
    crl = listed(authority, REVOKED)
    with server(authority.vouch(GOOD)) as (url, asked):
        HttpPost(LOOPBACK, crl=crl).send(url, headers={}, body=b"{}")
        assert asked == ["/"]
    with server(authority.vouch(REVOKED)) as (url, asked):
        with pytest.raises(Unreachable, match="certificate revoked"):
            HttpPost(LOOPBACK, crl=crl).send(url, headers={}, body=b"{}")
        HttpPost(LOOPBACK).send(url, headers={}, body=b"{}")  # without a list
        assert asked == ["/"]


@pytest.mark.parametrize("scheme", ["smtp+tls", "smtp+ssl"])
def test_a_mail_is_not_sent_there(authority: Authority, scheme: str) -> None:
    crl, implicit = listed(authority, REVOKED), scheme == "smtp+ssl"
    words: dict[str, Any] = {"sender": "novaweb@example.org", "to": "a@example.org"}
    for serial in (GOOD, REVOKED):
        pem = authority.vouch(serial)
        with serving(certificate=pem, implicit=implicit) as there:
            mail = SmtpMail(parse(f"{scheme}://127.0.0.1:{there.port}"), crl=crl)
            if serial == GOOD:
                assert mail.send(b"Subject: x\r\n\r\nx", **words).code == 250
                mail.close()
            else:
                with pytest.raises(Unreachable, match="certificate revoked"):
                    mail.send(b"Subject: x\r\n\r\nx", **words)
                assert there.got == []


def test_a_cloud_is_told_no_password_there(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crl = listed(authority, REVOKED)
    with server(authority.vouch(REVOKED)) as (url, asked):
        auth = {"auth_url": f"{url}/v3", "username": "u", "password": "p"}
        auth |= {"project_name": "x", "user_domain_name": "d"}
        cloud = {"auth": auth, "cacert": str(authority.file)}
        file = tmp_path / "clouds.yaml"
        file.write_text(yaml.safe_dump({"clouds": {"lab": cloud}}))
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))

        with pytest.raises(Unreachable, match=r"not trusted.*\(certificate revoked\)"):
            OpenStackCloud("lab", crl=crl).whoami()

        assert asked == []


def test_a_list_that_is_renewed_counts_at_the_next_connection(
    authority: Authority,
) -> None:
    crl = listed(authority, REVOKED)
    session = Session(verify=str(authority.file))
    refuse_revoked(session, crl)
    with server(authority.vouch(GOOD)) as (url, asked):
        assert session.get(url, headers={"Connection": "close"}).ok
        listed(authority, REVOKED, GOOD)

        with pytest.raises(ksa.SSLError, match="certificate revoked"):
            session.get(url)

        assert asked == ["/"]


@pytest.mark.parametrize("serial", [GOOD, REVOKED])
def test_nobody_is_sent_to_a_provider_whose_certificate_was_revoked(
    authority: Authority, settings: Any, serial: int
) -> None:
    settings.NOVAWEB_TLS_CRL = {"sign-in": listed(authority, REVOKED)}
    request = RequestFactory().get("/")
    request.session = {}  # type: ignore[assignment]
    with server(authority.vouch(serial)) as (url, asked):
        settings.NOVAWEB_OIDC_ISSUER = url
        settings.NOVAWEB_OIDC_CLIENT_ID = "novaweb"
        if serial == GOOD:
            sent = openid_connect.begin(request, "https://n/", again=False)
            assert sent["Location"].startswith(f"{url}/authorize")
        else:
            with pytest.raises(Unreachable, match="does not answer"):
                openid_connect.begin(request, "https://n/", again=False)
        assert len(asked) == (serial == GOOD)


def test_novas_database_is_entered_with_the_list_of_its_option_file(
    authority: Authority, tmp_path: Path
) -> None:
    crl = listed(authority, REVOKED)
    file = tmp_path / "nova.cnf"
    file.write_text(f"[client]\nssl-ca = {authority.file}\nssl-crl = {crl}\n")

    context = option_file.read(file)["ssl"]

    assert context.verify_flags & ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    assert context.cert_store_stats()["crl"] == 1


def test_a_list_that_is_over_or_anothers_lets_nobody_in(
    authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "Another authority")
    with server(authority.vouch(GOOD)) as (url, asked):
        for crl, why in (
            (authority.revoke(is_over=True), "CRL has expired"),
            (other.revoke(), "unable to get certificate CRL"),
        ):
            with pytest.raises(Unreachable, match=why):
                HttpPost(LOOPBACK, crl=str(crl)).send(url, headers={}, body=b"{}")
        assert asked == []


@pytest.mark.server
def test_postgresql_whose_certificate_was_revoked_is_not_entered(
    authority: Authority, postgresql: PostgreSQL
) -> None:
    """By libpq itself, which is told the list in NOVAWEB_DATABASE_URL."""
    key = postgresql.folder / "server.pem"
    shutil.copy(authority.vouch(REVOKED), key)
    key.chmod(0o600)
    if postgresql.user:
        os.chown(key, postgresql.user["user"], postgresql.user["group"])
    told = f"host=localhost port={postgresql.port} user=postgres dbname=postgres"
    ways = {"sslmode": "verify-full", "sslrootcert": str(authority.file)}
    try:
        postgresql.run(
            f"ALTER SYSTEM SET ssl_cert_file = '{key}'",
            f"ALTER SYSTEM SET ssl_key_file = '{key}'",
            "ALTER SYSTEM SET ssl = on",
            "SELECT pg_reload_conf()",
        )
        deadline = time.monotonic() + 60
        while postgresql.run("SHOW ssl") != [("on",)]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        ways["sslcrl"] = str(authority.revoke(GOOD))
        psycopg.connect(make_conninfo(told, **ways)).close()
        ways["sslcrl"] = str(authority.revoke(REVOKED))
        with pytest.raises(psycopg.OperationalError, match="certificate"):
            psycopg.connect(make_conninfo(told, **ways))
    finally:
        postgresql.run("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")


def test_a_list_that_cannot_be_read_is_said(
    authority: Authority,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = settings.DATABASES["default"].setdefault("OPTIONS", {})
    for crl in (tmp_path / "missing.crl", tmp_path / "empty.crl"):
        (tmp_path / "empty.crl").write_text("")
        with pytest.raises(Unreachable, match="cannot be read"):
            tls.context(str(crl))
        with pytest.raises(Unreachable, match="cannot be read"):
            refuse_revoked(Session(), str(crl))
        monkeypatch.setitem(options, "sslcrl", str(crl))
        with pytest.raises(SystemCheckError, match=r"novaweb\.E054"):
            call_command("check", "--tag", "novaweb")
    monkeypatch.setitem(options, "sslcrl", str(authority.revoke(1)))
    call_command("check", "--tag", "novaweb")
    settings.NOVAWEB_TLS_CRL = {"nobody": "/x"}
    with pytest.raises(SystemCheckError, match=r"novaweb\.E052"):
        call_command("check", "--tag", "novaweb")

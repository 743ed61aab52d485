"""What browsers are told beside a page: to keep none of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from migrations_app.models import AuditEntry
from tests.cast import Cast

PATHS = (
    "/sign-in/",
    "/",
    "/requests/",
    "/audit/",
    "/api/requests/",
    "/api/",
    "/nowhere/",
)
COOKIES = """
import os, django
django.setup()
from django.conf import settings as s
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.CSRF_COOKIE_HTTPONLY,
    s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,
    s.SESSION_COOKIE_DOMAIN, s.SESSION_COOKIE_PATH, s.CSRF_COOKIE_PATH)
"""


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_no_browser_keeps_a_page_or_an_answer(cast: Cast, path: str) -> None:
    client = Client()
    for person in (None, cast.auditor):
        if person is not None:
            client.force_login(person)
        answer = client.get(path)
        assert answer["Cache-Control"] == "no-store"
        assert "camera=()" in answer["Permissions-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_each_answer_has_its_headers(cast: Cast, path: str) -> None:
    client = Client()
    client.force_login(cast.auditor)
    answer = client.get(path, headers={"origin": "https://elsewhere.example"})
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    if answer.status_code != 302:
        kind = answer["Content-Type"]
        # JSON is UTF-8 and says no charset (RFC 8259)
        assert kind == "text/html; charset=utf-8" or "json" in kind
    assert [name for name in answer.headers if "Access-Control" in name] == []


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/requests/", "/api/nowhere/", "/healthz"])
def test_an_answer_of_the_interface_is_a_file_of_that_name(
    cast: Cast, path: str
) -> None:
    client = Client()
    client.force_login(cast.auditor)
    if client.get(path)["Content-Type"].startswith("text/"):
        assert "Content-Disposition" not in client.get(path)
    else:
        named = 'attachment; filename="api.json"'
        assert client.get(path)["Content-Disposition"] == named


@pytest.mark.django_db
def test_that_holds_where_django_is_asynchronous() -> None:
    answer = async_to_sync(AsyncClient().get)("/sign-in/")
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_who_signs_out_leaves_nothing_in_the_browser(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.auditor)
    assert "Clear-Site-Data" not in client.get("/")
    answer = client.post("/sign-out/")
    assert answer.status_code == 302
    assert answer["Clear-Site-Data"] == '"cache"'
    assert client.get("/").status_code == 302
    assert AuditEntry.objects.exists()


@pytest.mark.parametrize("secure", [True, False])
def test_cookies_are_of_this_host_alone_under_https(
    secure: bool, tmp_path: Path
) -> None:
    environ: dict[str, Any] = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "novaweb.settings",
        "NOVAWEB_HTTPS": str(secure).lower(),
        "NOVAWEB_SECRET_KEY": "x" * 60,
        "NOVAWEB_STATE_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", COOKIES],
        env=environ,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    before = "__Host-" if secure else ""
    assert done.stdout.split() == [
        *(f"{before}sessionid", f"{before}csrftoken", "True", "True"),
        *(str(secure), str(secure), "None", "/", "/"),
    ]

"""``check --deploy`` says of each setting that is not for production that it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import environ
import pytest
from django import conf
from django.core import checks
from django.core.checks import run_checks

from migrations_app.management import deployment_checks
from migrations_app.management.checks import OURS

# Settings of a site that needs no word.
FIT: dict[str, Any] = {
    "NOVAWEB_CLOUDS": ["example"],
    "NOVAWEB_HOSTS_ENTERED_BY": "worker",
    "NOVAWEB_URL": "https://novaweb.example.org",
    "HTTPS": True,
    "ALLOWED_HOSTS": ["novaweb.example.org"],
    "NOVAWEB_REDIS_URL": "unix:///run/novaweb/valkey.sock",
    "NOVAWEB_AUDIT_KEY": "/etc/novaweb/audit.pem",
    "NOVAWEB_AUDIT_SIGNED": "/var/lib/novaweb-signed/signed.jsonl",
    "NOVAWEB_EMAIL_URL": "smtp+tls://user:word@mail.example.org:587",
    "NOVAWEB_METRICS_TOKEN": "m" * 32,
    "NOVAWEB_WEBHOOK_NETWORKS": ["10.0.0.0/8", "2001:db8::/32"],
}


Use = Callable[[str], None]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Have the settings name that database, which nobody then asks."""

    def set_url(url: str) -> None:
        named = dict(environ.Env.db_url_config(url))
        monkeypatch.setitem(conf.settings.DATABASES, "default", named)

    return set_url


@pytest.fixture
def site(settings: Any, use: Use) -> Any:
    """Settings that are fit for production."""
    for name, value in FIT.items():
        setattr(settings, name, value)
    use("postgres://novaweb_site:word@db.example.org/novaweb?sslmode=verify-full")
    return settings


def told() -> list[str]:
    found = run_checks(tags=[OURS], include_deployment_checks=True)
    return sorted(str(each.id) for each in found if each.level >= checks.WARNING)


def test_a_site_that_is_fit_needs_no_word(site: Any) -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("setting", "value", "number"),
    [
        ("NOVAWEB_CLOUDS", ["example", "pretend"], "W001"),
        ("ALLOWED_HOSTS", ["*"], "W024"),
        ("ALLOWED_HOSTS", ["novaweb.example.org", ".org"], "W024"),
        ("NOVAWEB_WEBHOOK_NETWORKS", ["10.0.0.0/8", "0.0.0.0/0"], "W025"),
        *(
            ("NOVAWEB_WEBHOOK_NETWORKS", [network], "W025")
            for network in ("127.0.0.0/8", "127.0.0.1", "::1", "169.254.169.254/32")
        ),
        ("NOVAWEB_WEBHOOK_NETWORKS", ["::/0"], "W025"),
        ("NOVAWEB_EMAIL_URL", "smtp://user:word@mail.example.org", "W026"),
        ("NOVAWEB_URL", "http://novaweb.example.org", "W027"),
        ("NOVAWEB_METRICS_TOKEN", "x", "W028"),
        ("NOVAWEB_TOKEN_HOURS", 1e6, "W029"),
    ],
)
def test_each_setting_that_is_not_is_told(
    site: Any, setting: str, value: Any, number: str
) -> None:
    setattr(site, setting, value)
    assert told() == [f"novaweb.{number}"]


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("sqlite:////var/lib/novaweb/novaweb.sqlite3", "W031"),
        ("postgres://u:word@db.example.org/novaweb", "W030"),
        ("postgres://u:word@db.example.org/novaweb?sslmode=require", "W030"),
        ("postgres://u:word@db.example.org/novaweb?sslmode=verify-ca", ""),
        ("postgres:///novaweb?host=db.example.org", "W030"),
        ("postgres://u:word@localhost/novaweb?hostaddr=192.0.2.1", "W030"),
        ("postgres:///novaweb?service=elsewhere", "W030"),
        ("postgres:///novaweb?host=/var/run/postgresql", ""),
        ("postgres://u:word@127.0.0.1/novaweb", ""),
        ("postgres://%2Fvar%2Frun%2Fpostgresql/novaweb", ""),
    ],
)
def test_a_database_that_is_not_is_told(use: Use, url: str, number: str) -> None:
    use(url)
    found = deployment_checks.database_is_fit()
    assert [each.id for each in found] == [f"novaweb.{number}"] * bool(number)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("NOVAWEB_EMAIL_URL", "smtp://user:word@localhost:25"),
        ("NOVAWEB_EMAIL_URL", "smtp://mail.example.org"),
        ("NOVAWEB_EMAIL_URL", ""),
        ("NOVAWEB_METRICS_TOKEN", ""),
    ],
)
def test_what_is_fit_is_not_told(site: Any, setting: str, value: str) -> None:
    setattr(site, setting, value)
    assert told() == []


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("unix:///run/novaweb/valkey.sock", []),
        ("redis://:word@127.0.0.1/0", []),
        ("redis://:word@[::1]:6379/0", []),
        ("rediss://user:word@queue.example.org/0", []),
        ("rediss://:word@queue.example.org?ssl_cert_reqs=required", []),
        ("rediss://:word@queue.example.org?ssl_cert_reqs=none", ["novaweb.W032"]),
        (
            "rediss://:word@queue.example.org?ssl_check_hostname=False",
            ["novaweb.W032"],
        ),
        ("redis://localhost:6379/0", ["novaweb.W021"]),
        ("redis://:word@queue.example.org/0", ["novaweb.W022"]),
        ("redis://queue.example.org/0", ["novaweb.W021", "novaweb.W022"]),
    ],
)
def test_a_redis_that_others_may_use_is_told(
    settings: Any, url: str, told: list[str]
) -> None:
    settings.NOVAWEB_REDIS_URL = url
    assert [found.id for found in deployment_checks.redis_is_closed()] == told

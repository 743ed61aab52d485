"""What novaweb signs in by: what ends is warned of in time, what never does is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import timezone
from structlog.testing import capture_logs

from migrations_app.integrations import connect
from migrations_app.integrations.adapters.openstack import OpenStackCloud
from migrations_app.management import credential_checks, neighbour_checks
from tests.integrations.adapters.sham import SECRET, Sham, running

CREDENTIAL = "GET /identity/v3/users/me/application_credentials/a1"


class ByCredential(Sham):
    """Whose tokens are those of an application credential."""

    def token(self) -> dict[str, Any]:
        made = {"id": "a1", "name": "novaweb", "restricted": True}
        return {**super().token(), "application_credential": made}


@pytest.fixture
def sham(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Iterator[Sham]:
    path = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    settings.NOVAWEB_CLOUDS, settings.NOVAWEB_NOVA_DB = ["sham"], {}
    cloud = OpenStackCloud("sham", timeout=20)
    monkeypatch.setattr(connect, "_cloud", lambda name: cloud)
    with running(ByCredential) as sham:
        auth = {
            "auth_url": sham.base("identity"),
            "application_credential_id": "a1",
            "application_credential_secret": SECRET,
        }
        entry = {"auth_type": "v3applicationcredential", "auth": auth}
        path.write_text(yaml.safe_dump({"clouds": {"sham": entry}}), encoding="utf-8")
        yield sham


def told() -> list[str]:
    found = credential_checks.credentials_of_clouds_end()
    assert SECRET not in str(found)
    return [f"{each.id} {each.msg}" for each in found]


def says(sham: Sham, end: object) -> None:
    sham.answers[CREDENTIAL] = 200, {"application_credential": {"expires_at": end}}


def test_one_that_ends_soon_is_warned_of_by_check_and_worker(sham: Sham) -> None:
    end = timezone.now().replace(microsecond=0, tzinfo=None) + timedelta(days=20)
    says(sham, end.isoformat())

    (said,) = told()

    assert said.startswith(
        "novaweb.W066 novaweb's application credential for cloud sham"
    )
    assert f"ends on {end:%F %H:%M} UTC" in said
    with capture_logs() as log:
        neighbour_checks.tell()
    assert "novaweb.W066" in [line.get("check") for line in log]


def test_one_that_ends_later_needs_no_word(sham: Sham) -> None:
    says(sham, (timezone.now() + timedelta(days=22)).isoformat())
    assert told() == []


def test_one_without_an_end_is_told(sham: Sham) -> None:
    says(sham, None)
    assert "has no end" in told()[0]


@pytest.mark.parametrize(
    "answer",
    [(403, {"error": {"message": "no"}}), (404, {}), (200, {}), (200, "x"), (503, {})],
)
def test_what_is_not_known_is_no_good_one(sham: Sham, answer: Any) -> None:
    sham.answers[CREDENTIAL] = answer
    assert told() == [
        "novaweb.I061 When novaweb's credential for cloud sham ends is not known."
    ]


def test_a_password_is_told_and_nothing_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    path = tmp_path / "clouds.yaml"
    auth = {"auth_url": "https://127.0.0.1:1/v3", "username": "me", "password": SECRET}
    path.write_text(yaml.safe_dump({"clouds": {"lab": {"auth": auth}}}))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    settings.NOVAWEB_CLOUDS = ["lab", "pretend"]

    (said,) = told()

    assert said.startswith("novaweb.I062 Cloud lab is entered by a password")


def test_other_passwords_that_stay_are_told(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = settings.DATABASES["default"]
    monkeypatch.setitem(database, "PASSWORD", "p")
    settings.NOVAWEB_REDIS_URL = "rediss://:p@redis.example/0"
    settings.NOVAWEB_EMAIL_URL = "smtp+tls://u:p@mail.example"

    found = credential_checks.passwords_of_services_last()

    assert [each.msg.split()[0] for each in found] == [
        *("NOVAWEB_DATABASE_URL", "NOVAWEB_REDIS_URL", "NOVAWEB_EMAIL_URL"),
    ]
    monkeypatch.setitem(database, "PASSWORD", "")
    settings.NOVAWEB_REDIS_URL = "unix:///run/novaweb/valkey.sock"
    settings.NOVAWEB_EMAIL_URL = "smtp://127.0.0.1"
    assert credential_checks.passwords_of_services_last() == []

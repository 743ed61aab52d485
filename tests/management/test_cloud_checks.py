"""``check --deploy`` and a starting worker tell of accounts that may too much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from structlog.testing import capture_logs

from migrations_app.errors import Unreachable
from migrations_app.integrations import ways_in
from migrations_app.management import neighbour_checks

ENTRY = """\
clouds:
  example:
    auth:
      auth_url: {address}
      username: novaweb
      password: never-to-be-told
      project_name: admin
    {more}
"""


# What it signs in by has tests of its own, as has Redis, which is away here.
ELSEWHERE = ("novaweb.I061", "novaweb.I062", "novaweb.I024")


@pytest.fixture
def clouds_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    """Have clouds.yaml say that, and nothing else be configured."""
    settings.NOVAWEB_CLOUDS = ["example"]
    settings.NOVAWEB_NOVA_DB = {}
    path = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))

    def say(*, address: str = "https://cloud.example:5000/v3", more: str = "") -> None:
        path.write_text(ENTRY.format(address=address, more=more), encoding="utf-8")

    return say


def told() -> list[str]:
    found = run_checks(
        tags=[neighbour_checks.NEIGHBOURS], include_deployment_checks=True
    )
    assert "never-to-be-told" not in str(found)
    return [f"{each.id} {each.msg}" for each in found if each.id not in ELSEWHERE]


@pytest.mark.parametrize(
    ("address", "more"),
    [
        ("https://cloud.example:5000/v3", ""),
        ("https://cloud.example:5000/v3", "cacert: /etc/novaweb/cloud.pem"),
        ("http://127.0.0.1:5000/v3", ""),
        ("http://[::1]/v3", "compute_endpoint_override: http://localhost:8774/v2.1"),
    ],
)
def test_a_cloud_that_is_asked_safely_needs_no_word(
    clouds_yaml: Any, address: str, more: str
) -> None:
    clouds_yaml(address=address, more=more)
    assert told() == []


@pytest.mark.parametrize("more", ["verify: false", "insecure: true"])
def test_a_cloud_whose_certificate_nobody_checks_is_told(
    clouds_yaml: Any, more: str
) -> None:
    clouds_yaml(more=more)
    (only,) = told()
    assert "W055" in only
    assert "verify: false for cloud example" in only


def test_a_cloud_that_is_asked_without_encryption_is_told(clouds_yaml: Any) -> None:
    clouds_yaml(
        address="http://cloud.example:5000/v3",
        more="image_endpoint_override: http://10.0.0.7:9292",
    )
    first, second = told()
    assert "auth_url of cloud example is http://" in first
    assert "image_endpoint_override of cloud example is http://" in second


def test_of_a_cloud_that_nobody_can_read_nothing_is_known(
    clouds_yaml: Any, settings: Any
) -> None:
    clouds_yaml()
    settings.NOVAWEB_CLOUDS = ["elsewhere"]
    (only,) = told()
    assert only == "novaweb.I051 Whether cloud elsewhere is asked safely is not known."


@pytest.fixture
def rights(monkeypatch: pytest.MonkeyPatch, clouds_yaml: Any, settings: Any) -> Any:
    """Have the account in Nova's database have those rights beyond its need."""
    clouds_yaml()
    settings.NOVAWEB_NOVA_DB = {"example": "/nowhere"}

    def give(*more: str) -> None:
        monkeypatch.setattr(ways_in, "database_rights_beyond", lambda name: [*more])

    return give


def test_an_account_with_what_it_needs_needs_no_word(rights: Any) -> None:
    rights()
    assert told() == []


def test_an_account_with_more_is_told(rights: Any) -> None:
    rights("ALL PRIVILEGES on nova.*")
    (only,) = told()
    assert "W052" in only
    assert "more than it needs: ALL PRIVILEGES on nova.*." in only


def test_of_a_database_that_is_down_nothing_is_known(
    rights: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(name: str) -> list[str]:
        raise Unreachable("Nova's database does not answer.")

    rights()
    monkeypatch.setattr(ways_in, "database_rights_beyond", down)
    (only,) = told()
    assert "I053" in only
    assert "is not known" in only


def test_a_starting_worker_says_it_in_its_log(rights: Any) -> None:
    rights("DELETE on nova.instances")
    with capture_logs() as lines:
        neighbour_checks.tell()
    (line,) = (each for each in lines if each["check"] not in ELSEWHERE)
    assert line["log_level"] == "warning"
    assert "DELETE on nova.instances" in line["event"]

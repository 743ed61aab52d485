"""As whom we are signed in to a cloud, and what its services say that they speak."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations_app.errors import Gone, Refused
from migrations_app.integrations.adapters.openstack import OpenStackCloud
from migrations_app.integrations.interfaces import Account
from tests.integrations.adapters.sham import HANG_UP, Sham, running, write_clouds

PLACEMENT = "GET /placement"


@pytest.fixture
def sham(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sham]:
    path = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    with running() as sham:
        write_clouds(path, sham.base("identity"))
        yield sham


@pytest.fixture
def cloud() -> OpenStackCloud:
    return OpenStackCloud("sham", timeout=5)


def speaks(sham: Sham, **fields: str) -> None:
    """Have placement tell its versions so."""
    links = [{"rel": "self", "href": ""}]
    told = {"id": "v1.0", "status": "CURRENT", "links": links, **fields}
    sham.answers[PLACEMENT] = 200, {"versions": [told]}
    sham.answers[f"{PLACEMENT}/"] = 200, {"versions": [told]}


def test_it_tells_the_account_its_project_and_its_roles(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    assert cloud.account() == Account("me", "p", ("admin", "reader"))


def test_a_refused_sign_in_is_told(sham: Sham, cloud: OpenStackCloud) -> None:
    sham.answers["POST /identity/v3/auth/tokens"] = 401, {}
    with pytest.raises(Refused):
        cloud.account()


def test_it_tells_the_newest_microversions(sham: Sham, cloud: OpenStackCloud) -> None:
    speaks(sham, min_version="1.0", max_version="1.39")
    sham.newest = "2.65"  # however old: who asks is to be told
    assert cloud.newest("compute") == (2, 65)
    assert cloud.newest("placement") == (1, 39)


def test_what_a_service_does_not_name_is_not_guessed(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    speaks(sham)
    assert cloud.newest("placement") is None


def test_a_service_that_the_catalogue_lacks_is_gone(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.services.remove("placement")
    with pytest.raises(Gone, match="catalogue of cloud sham has no placement"):
        cloud.newest("placement")


def test_a_service_that_does_not_answer_has_said_nothing(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.answers["GET /compute/v2.1"] = HANG_UP
    sham.answers["GET /compute/v2.1/"] = HANG_UP
    assert cloud.newest("compute") is None

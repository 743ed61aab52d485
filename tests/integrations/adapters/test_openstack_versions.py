"""Which microversion is spoken to a cloud, and with which token a move is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations_app.errors import Refused
from migrations_app.integrations.adapters.openstack import OpenStackCloud
from tests.integrations.adapters.sham import Sham, running, write_clouds

ACTION = "POST /compute/v2.1/servers/u/action"


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


def test_a_cloud_before_stein_is_too_old(sham: Sham, cloud: OpenStackCloud) -> None:
    sham.newest = "2.65"
    with pytest.raises(Refused, match=r"up to 2\.65, novaweb needs 2\.71"):
        cloud.live_migrate("u", host="h")
    assert sham.count(ACTION) == 0


@pytest.mark.parametrize(
    "newest, spoken", [("2.79", "2.79"), ("2.95", "2.95"), ("2.104", "2.100")]
)
def test_the_microversion_is_the_newest_that_both_speak(
    sham: Sham, cloud: OpenStackCloud, newest: str, spoken: str
) -> None:
    sham.newest = newest
    sham.answers[ACTION] = 202, ""
    cloud.live_migrate("u", host="h")
    assert sham.versions == [f"compute {spoken}"]


def test_a_move_gets_a_token_that_is_not_old(sham: Sham, cloud: OpenStackCloud) -> None:
    sham.answers[ACTION] = 202, ""
    sham.token_age = sham.token_life * 0.6
    cloud.whoami()
    sham.token_age *= 0
    cloud.live_migrate("u", host="h")
    cloud.live_migrate("u", host="h")
    assert sham.count("POST /identity/v3/auth/tokens") == 2

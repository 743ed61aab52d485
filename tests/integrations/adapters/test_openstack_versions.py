"""Which microversion is spoken to a cloud, and with which token a move is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migrations_app.errors import Refused, Unreachable
from migrations_app.integrations.adapters.openstack import OpenStackCloud
from tests.integrations.adapters.sham import Sham, running, write_clouds

ACTION = "POST /compute/v2.1/servers/u/action"
LIST = "GET /compute/v2.1/servers/detail"


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


def broken_from(version: tuple[int, int], sham: Sham) -> Callable[[str], Any]:
    """Answer with a server, but with 500 to this microversion and newer ones."""

    def page(url: str) -> tuple[int, Any]:
        asked = sham.versions[-1].removeprefix("compute ").split(".")
        if tuple(map(int, asked)) >= version:
            return 500, {"computeFault": {"code": 500, "message": "KeyError"}}
        return 200, {"servers": [{"id": "u"}]}

    return page


def test_a_list_that_nova_breaks_at_is_read_without_pinned_zones(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.newest = "2.96"
    sham.answers[LIST] = broken_from((2, 96), sham)
    (found,) = cloud.servers()
    assert (found.id, found.pin_told) == ("u", False)
    assert sham.versions == ["compute 2.96", "compute 2.95"]


@pytest.mark.parametrize("newest, asked", [("2.95", 1), ("2.100", 2)])
def test_a_list_that_nova_breaks_at_anyway_is_asked_for_once_more_at_most(
    sham: Sham, cloud: OpenStackCloud, newest: str, asked: int
) -> None:
    sham.newest = newest
    sham.answers[LIST] = broken_from((2, 1), sham)
    with pytest.raises(Unreachable, match=r"Nova of cloud sham could not answer \(500"):
        list(cloud.servers())
    assert sham.count(LIST) == asked


def test_a_list_that_is_not_there_for_now_is_not_asked_for_again(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.answers[LIST] = 503, {"error": {"message": "Busy."}}
    with pytest.raises(Unreachable, match="503"):
        list(cloud.servers())
    assert sham.count(LIST) == 1

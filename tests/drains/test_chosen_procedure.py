"""By which procedure a drain plans to move an instance: by what harms it least."""

from __future__ import annotations

from dataclasses import replace
from unittest import mock

import pytest

from migrations_app.integrations.interfaces import Volume
from migrations_app.models import Drain
from pretend import PretendCloud
from pretend.builder import SMALL
from tests.cast import Cast
from tests.drains.drain_stage import Emptying
from tests.stage import Stage

pytestmark = pytest.mark.django_db

# Nova refuses to migrate it live before 2025.1, to any host
WITH_DEVICE = replace(SMALL, extra_specs={"pci_passthrough:alias": "a100:1"})


@pytest.fixture
def emptying(stage: Stage, cast: Cast) -> Emptying:
    return Emptying(stage, cast, instances=2)


def planned(drain: Drain) -> dict[str, tuple[str, str | None]]:
    """Return procedure and target by the instance's name."""
    return {
        it.instance_name: (it.procedure, it.target) for it in drain.moves.order_by("pk")
    }


def test_it_moves_cold_what_a_live_migration_would_lose_for_good(
    emptying: Emptying,
) -> None:
    emptying.stage.cloud.set(release=33)
    emptying.stage.cloud.create("web-cfg", host=Stage.source, config_drive=True)
    found = {name: way for name, (way, _) in planned(emptying.planned()).items()}
    assert found == {"web": "live", "web-1": "live", "web-cfg": "cold"}


def test_it_takes_a_target_where_the_guest_keeps_running(emptying: Emptying) -> None:
    for host in (Stage.target, "compute-35", "compute-36"):
        emptying.stage.cloud.edit_host(host, type="LXC")
    found = set(planned(emptying.planned()).values())
    assert found == {("live", "compute-37")}


def test_it_moves_cold_what_nova_does_not_migrate_live(emptying: Emptying) -> None:
    emptying.stage.cloud.set(release=29)
    emptying.stage.cloud.create("web-pci", host=Stage.source, flavor=WITH_DEVICE)
    drain = emptying.planned()
    assert planned(drain)["web-pci"][0] == "cold"
    assert not drain.stays


def test_it_leaves_alone_what_only_a_person_should_decide(emptying: Emptying) -> None:
    emptying.stage.cloud.set(release=29)
    emptying.stage.cloud.create("web-pci", host=Stage.source, flavor=WITH_DEVICE)
    secret = Volume("v-1", "in-use", "OS1", encrypted=True)
    with mock.patch.object(PretendCloud, "volumes", lambda *_: [secret]):
        drain = emptying.planned()
    assert {way for way, _ in planned(drain).values()} == {"live"}
    (stay,) = drain.stays
    assert stay["name"] == "web-pci"
    assert stay["way_out"].startswith("Request its move separately")

"""Hosts are looked at in turn, and what leaked is kept until it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from migrations_app.integrations.interfaces import World
from migrations_app.inventory.leaks import scan as leak_scan
from migrations_app.inventory.sync import sync
from migrations_app.models import Cloud, Instance, Leak, LeakLook
from tests.integrations.adapters.clouds import PretendPlace

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def place(tmp_path: Path, settings: Any) -> Iterator[PretendPlace]:
    settings.NOVAWEB_CLOUDS = ["lab"]
    settings.NOVAWEB_LEAKS_EVERY = 3600.0
    place = PretendPlace(tmp_path)
    place.clock.time = NOON
    sync("lab", place.cloud, now=NOON)
    yield place
    place.close()


def look(place: PretendPlace, host: str = "compute-30", *, hosts: bool = True) -> None:
    world = World(place.cloud, hosts=place.cloud.hosts if hosts else None)
    leak_scan.look_at(Cloud.objects.get(), host, world, now=NOON + HOUR)


def found() -> list[tuple[str, str]]:
    return list(Leak.objects.values_list("kind", "subject"))


def test_a_cloud_in_order_has_no_leak(place: PretendPlace) -> None:
    for host in {row.host for row in LeakLook.objects.all()} | {"compute-30"}:
        look(place, host)

    assert found() == []
    assert LeakLook.objects.get(host="compute-30").looked_at == NOON + HOUR


def test_a_move_under_way_and_one_to_be_confirmed_are_no_leaks(
    place: PretendPlace,
) -> None:
    live, cold = place.boot("compute-30"), place.boot("compute-30")
    sync("lab", place.cloud, now=NOON)
    place.cloud.live_migrate(live, host="compute-31")
    place.cloud.migrate(cold, host="compute-31")
    look(place)
    look(place, "compute-31")
    assert found() == []

    place.until(lambda: place.cloud.server(cold).status == "VERIFY_RESIZE")
    look(place)
    look(place, "compute-31")
    assert found() == []


def test_what_is_held_for_nothing_is_found_and_forgotten_once_it_is_mended(
    place: PretendPlace,
) -> None:
    server = place.boot("compute-31")
    held = place.cloud.allocations(server)["compute-31"]
    (port,) = place.cloud.ports(server)
    place.cloud.charge(server, {"compute-30": held, "compute-31": held})
    place.cloud.bind_port(port.id, "compute-30")
    look(place)

    assert found() == [("allocation", server), ("port", port.id)]
    first = Leak.objects.first()
    assert first is not None and "is on compute-31" in first.sentence

    place.cloud.charge(server, {"compute-31": held})
    place.cloud.bind_port(port.id, "compute-31")
    look(place)

    # seen at the same moment as before: a look later has the last word
    world = World(place.cloud)
    leak_scan.look_at(Cloud.objects.get(), "compute-30", world, now=NOON + 2 * HOUR)
    assert found() == []


def test_what_could_not_be_seen_stays_as_it_was_known(place: PretendPlace) -> None:
    server = place.boot("compute-31")
    held = place.cloud.allocations(server)["compute-31"]
    place.cloud.charge(server, {"compute-30": held, "compute-31": held})
    look(place)
    assert found() == [("allocation", server)]

    place.cloud.down()
    leak_scan.look_at(
        Cloud.objects.get(), "compute-30", World(place.cloud), now=NOON + 2 * HOUR
    )

    assert found() == [("allocation", server)]
    there = LeakLook.objects.get()
    assert there.looked_at == NOON + HOUR
    assert there.trouble


def test_each_host_has_its_turn_once_and_not_all_at_a_time(place: PretendPlace) -> None:
    world = World(place.cloud)
    assert leak_scan.is_due(NOON)

    hosts: list[str] = []
    moment = NOON
    while moment < NOON + HOUR:
        hosts += leak_scan.look_due(moment, lambda _: world)
        moment += timedelta(seconds=30)

    assert sorted(hosts) == sorted(set(hosts))
    assert set(hosts) == {row.host for row in LeakLook.objects.all()}
    assert leak_scan.is_due(NOON + 2 * HOUR)


def test_a_host_that_is_gone_takes_its_leaks_with_it(place: PretendPlace) -> None:
    Leak.objects.create(
        cloud=Cloud.objects.get(),
        host="gone",
        kind="port",
        subject="p",
        sentence="It is.",
        remedy="Do.",
        first_seen=NOON,
        last_seen=NOON,
    )

    leak_scan.look_due(NOON, lambda _: World(place.cloud))

    assert found() == []


def test_it_can_be_switched_off(place: PretendPlace, settings: Any) -> None:
    settings.NOVAWEB_LEAKS_EVERY = 0

    assert not leak_scan.is_due(NOON)


def test_an_old_unconfirmed_move_is_told(place: PretendPlace) -> None:
    Instance.objects.filter(host="compute-30").update(
        status="VERIFY_RESIZE", updated_at=NOON - 30 * HOUR
    )
    look(place)

    assert {kind for kind, _ in found()} == {"verify"}


def test_more_doubts_than_one_scan_asks_about_are_asked_about_in_turn(
    place: PretendPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = [f"00000000-0000-4000-8000-{number:012}" for number in range(50)]
    held = {name: {"VCPU": 1} for name in lost}
    monkeypatch.setattr(type(place.cloud), "consumers", lambda *_: dict(held))
    monkeypatch.setattr(type(place.cloud), "allocations", lambda _, name: held[name])
    cloud, world = Cloud.objects.get(), World(place.cloud)
    for scan, known in enumerate((20, 40, 50), start=1):
        leak_scan.look_at(cloud, "compute-30", world, now=NOON + scan * HOUR)
        # what was found before stays while nobody asks about it
        assert Leak.objects.count() == known
    held.clear()
    leak_scan.look_at(cloud, "compute-30", world, now=NOON + 4 * HOUR)
    assert found() == []

"""How moves end in the pretend cloud, in every way that Nova's are known to end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from migrations_app.errors import Conflict
from migrations_app.integrations.interfaces import MEMORY_MB, Flavor
from pretend import PretendCloud
from tests.integrations.adapters.clouds import HandClock


def details(cloud: PretendCloud, server_id: str) -> list[str | None]:
    """What the events of the newest action say went wrong."""
    action = cloud.action(server_id, cloud.actions(server_id)[0].request_id)
    return [event.details for event in action.events if event.result == "Error"]


# -- live --------------------------------------------------------------------------


def no_room(cloud: PretendCloud) -> None:
    memory = cloud.hypervisors()[0].stock[MEMORY_MB]
    flavor = Flavor(name="all", vcpus=1, ram_mb=memory.capacity, disk_gb=1)
    cloud.create("all", host="compute-34", flavor=flavor)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda cloud: cloud.edit_host("compute-34", enabled=False),
        lambda cloud: cloud.edit_host("compute-34", up=False),
        lambda cloud: cloud.edit_host("compute-34", forced_down=True),
        lambda cloud: cloud.edit_host("compute-34", zone="elsewhere"),
        no_room,
    ],
    ids=["disabled", "down", "forced down", "another zone", "full"],
)
@pytest.mark.parametrize("call", ["live_migrate", "migrate"])
def test_an_unfit_target_is_found_out_after_nova_said_yes(
    cloud: PretendCloud,
    web: str,
    clock: HandClock,
    spoil: Callable[[PretendCloud], None],
    call: str,
) -> None:
    cloud.edit(web, pinned_zone="OS1")
    spoil(cloud)
    getattr(cloud, call)(web, host="compute-34")
    clock.later(5)
    server, (move,) = cloud.server(web), cloud.migrations(web)
    assert (server.status, server.host, server.idle) == ("ACTIVE", "compute-30", True)
    assert move.status == "error"
    assert "No valid host was found" in str(details(cloud, web)[0])
    assert set(cloud.allocations(web)) == {"compute-30"}


def test_the_reason_of_a_failed_check_is_only_in_the_events(
    cloud: PretendCloud, web: str, clock: HandClock
) -> None:
    cloud.spoil(web, "check", "The CPU lacks avx512.")
    cloud.live_migrate(web, host="compute-34")
    clock.later(5)
    assert cloud.server(web).fault is None
    assert cloud.migrations(web)[0].status == "error"
    assert "The CPU lacks avx512." in details(cloud, web)


def test_local_disks_need_a_block_migration(
    cloud: PretendCloud, web: str, clock: HandClock
) -> None:
    cloud.live_migrate(web, host="compute-34", block=False)
    clock.later(5)
    assert any("not on shared storage" in str(it) for it in details(cloud, web))
    cloud.set(shared_storage=1)
    cloud.live_migrate(web, host="compute-34", block=False)
    clock.later(60)
    assert cloud.server(web).host == "compute-34"


def test_a_failed_copy_is_rolled_back_and_says_nothing(
    cloud: PretendCloud, web: str, clock: HandClock
) -> None:
    cloud.spoil(web, "transfer")
    cloud.live_migrate(web, host="compute-34")
    clock.later(60)
    server, (move,) = cloud.server(web), cloud.migrations(web)
    assert (server.status, server.host, move.status) == (
        *("ACTIVE", "compute-30"),
        "failed",
    )
    assert details(cloud, web) == []
    assert set(cloud.allocations(web)) == {"compute-30"}
    assert cloud.allocations(move.uuid) == {}


def test_a_broken_end_leaves_an_error_on_the_target(
    cloud: PretendCloud, web: str, clock: HandClock
) -> None:
    cloud.spoil(web, "finish", "The network is gone.")
    cloud.live_migrate(web, host="compute-34")
    clock.later(60)
    server = cloud.server(web)
    assert (server.status, server.host) == ("ERROR", "compute-34")
    assert server.fault == "The network is gone."


def test_a_busy_guest_ends_only_by_force(
    cloud: PretendCloud, web: str, clock: HandClock
) -> None:
    cloud.spoil(web, "never")
    cloud.live_migrate(web, host="compute-34")
    clock.later(1000)
    (move,) = cloud.migrations(web)
    progress = cloud.progress(web, move.id)
    assert progress is not None
    assert progress.memory_remaining > 0
    assert progress.disk_remaining == 0
    cloud.force_complete(web, move.id)
    clock.later(2)
    assert cloud.server(web).host == "compute-34"


def test_what_is_left_to_copy_falls_and_rises(
    cloud: PretendCloud, web: str, clock: HandClock
) -> None:
    cloud.set(progress_seconds=1)
    cloud.live_migrate(web, host="compute-34")
    left = []
    for _ in range(20):
        clock.later(1)
        (move,) = cloud.migrations(web)
        progress = cloud.progress(web, move.id)
        assert progress is not None
        left.append(progress.memory_remaining)
    steps = [after - before for before, after in pairwise(left)]
    assert min(steps) < 0 < max(steps[1:])
    assert left[-1] < left[1]


def test_a_source_copies_as_many_at_once_as_it_may(
    cloud: PretendCloud, clock: HandClock
) -> None:
    cloud.set(max_concurrent_live_migrations=2)
    servers = [cloud.create(f"web-{n}", host="compute-30") for n in range(3)]
    for server_id in servers:
        cloud.live_migrate(server_id, host="compute-34")
    clock.later(3)
    states = [cloud.migrations(server_id)[0].status for server_id in servers]
    assert states == ["running", "running", "queued"]
    cloud.abort(servers[2], cloud.migrations(servers[2])[0].id)
    clock.later(1)
    assert cloud.migrations(servers[2])[0].status == "cancelled"
    cloud.live_migrate(servers[2], host="compute-34")
    clock.later(60)
    assert {cloud.server(server_id).host for server_id in servers} == {"compute-34"}


def test_the_target_lets_go_before_the_record_is_closed(
    cloud: PretendCloud, web: str, clock: HandClock
) -> None:
    cloud.live_migrate(web, host="compute-34")
    while cloud.server(web).host == "compute-30":
        clock.later(0.25)
    assert cloud.server(web).idle
    assert cloud.migrations(web)[0].status == "running"


# -- cold --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "moment, host", [("transfer", "compute-30"), ("finish", "compute-34")]
)
def test_a_cold_move_that_breaks_leaves_an_error(
    cloud: PretendCloud, web: str, clock: HandClock, moment: str, host: str
) -> None:
    cloud.spoil(web, moment, "The copy broke.")  # type: ignore[arg-type]
    cloud.migrate(web, host="compute-34")
    clock.later(60)
    server = cloud.server(web)
    assert (server.status, server.host) == ("ERROR", host)
    assert server.fault == "The copy broke."
    assert cloud.migrations(web)[0].status == "error"


def test_nova_may_confirm_by_itself(
    cloud: PretendCloud, web: str, clock: HandClock
) -> None:
    cloud.set(resize_confirm_window=30)
    cloud.migrate(web, host="compute-34")
    clock.later(20)
    assert cloud.server(web).status == "VERIFY_RESIZE"
    clock.later(30)
    assert cloud.server(web).status == "ACTIVE"
    assert cloud.migrations(web)[0].status == "confirmed"
    assert cloud.actions(web)[0].user_id is None
    with pytest.raises(Conflict):
        cloud.confirm(web)


def test_a_source_that_is_down_takes_no_confirmation(
    cloud: PretendCloud, web: str, clock: HandClock
) -> None:
    cloud.migrate(web, host="compute-34")
    clock.later(20)
    cloud.edit_host("compute-30", up=False)
    with pytest.raises(Conflict, match="Service is unavailable"):
        cloud.confirm(web)
    cloud.edit_host("compute-30", up=True)
    cloud.confirm(web)


def test_a_domain_is_where_its_server_is_and_in_its_state(
    cloud: PretendCloud, web: str, clock: HandClock
) -> None:
    cloud.migrate(web, host="compute-34")
    clock.later(60)
    assert cloud.server(web).status == "VERIFY_RESIZE"
    # as Nova does, the source keeps domain and disks until the confirmation
    assert cloud.domains(web) == {"compute-34": "running", "compute-30": "shut off"}
    assert ("compute-30", f"{web}_resize") in {it[:2] for it in cloud.folders(web)}
    cloud.revert(web)
    clock.later(60)
    cloud.server(web)
    assert cloud.domains(web) == {"compute-30": "running"}
    assert {it[:2] for it in cloud.folders(web)} == {("compute-30", web)}

"""What the pretend cloud alone can do: go wrong on request, and in every known way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from migrations_app.adapters.pretend import Killed, PretendCloud, grow, seed
from migrations_app.errors import Conflict, Gone, Refused, Unreachable
from migrations_app.ports import MEMORY_MB, Flavor
from tests.adapters.clouds import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def cloud(tmp_path: Path, clock: HandClock) -> PretendCloud:
    """Two hosts in zone OS1, one in OS2."""
    cloud = PretendCloud("pretend", tmp_path / "cloud.sqlite3", clock=clock)
    for host, zone in (("compute-30", "OS1"), ("compute-34", "OS1"), ("c-2", "OS2")):
        cloud.add_host(host, zone=zone)
    return cloud


@pytest.fixture
def web(cloud: PretendCloud) -> str:
    return cloud.create("web", host="compute-30")


def details(cloud: PretendCloud, server_id: str) -> list[str | None]:
    """What the events of the newest action say went wrong."""
    action = cloud.action(server_id, cloud.actions(server_id)[0].request_id)
    return [event.details for event in action.events if event.result == "Error"]


# -- faults on request -------------------------------------------------------------


def test_a_fault_before_a_call_leaves_all_as_it_was(
    cloud: PretendCloud, web: str
) -> None:
    cloud.fail("live_migrate", Unreachable("Nobody there."), times=2)
    for _ in range(2):
        with pytest.raises(Unreachable, match="Nobody there"):
            cloud.live_migrate(web, host="compute-34")
    assert cloud.server(web).idle
    assert cloud.asked("live_migrate", web) == 0
    cloud.live_migrate(web, host="compute-34")
    assert cloud.asked("live_migrate", web) == 1


def test_a_fault_after_a_call_leaves_it_done(cloud: PretendCloud, web: str) -> None:
    cloud.fail("live_migrate", Unreachable("Cut off."), after=True)
    with pytest.raises(Unreachable, match="Cut off"):
        cloud.live_migrate(web, host="compute-34")
    assert cloud.server(web).status == "MIGRATING"
    with pytest.raises(Conflict):
        cloud.live_migrate(web, host="compute-34")
    assert cloud.asked("live_migrate", web) == 2


@pytest.mark.parametrize("moment, status", [("before", "ACTIVE"), ("after", "RESIZE")])
def test_a_death_is_one_that_nothing_catches(
    cloud: PretendCloud, web: str, moment: str, status: str
) -> None:
    cloud.die("migrate", moment)  # type: ignore[arg-type]
    with pytest.raises(Killed):
        cloud.migrate(web, host="compute-34")
    assert not issubclass(Killed, Exception)
    assert cloud.server(web).status == status


def test_a_cloud_that_is_down_goes_on_with_its_work(
    cloud: PretendCloud, web: str, clock: HandClock
) -> None:
    cloud.live_migrate(web, host="compute-34")
    cloud.down()
    clock.later(60)
    with pytest.raises(Unreachable):
        cloud.server(web)
    cloud.down(False)
    assert cloud.server(web).host == "compute-34"


def test_a_cloud_can_turn_us_away(cloud: PretendCloud) -> None:
    cloud.lock_out()
    with pytest.raises(Refused, match=r"clouds\.yaml"):
        cloud.whoami()


def test_it_counts_what_it_is_asked(cloud: PretendCloud, web: str) -> None:
    cloud.server(web)
    cloud.server(web)
    cloud.hypervisors()
    assert cloud.calls["server", web] == 2
    assert cloud.calls["hypervisors", ""] == 1


# -- several processes -------------------------------------------------------------


def start(program: str) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    return subprocess.Popen([sys.executable, "-c", program], cwd=root)


def test_processes_share_it_and_one_may_be_killed(
    cloud: PretendCloud, web: str
) -> None:
    path = cloud._store.path
    cloud.die("live_migrate", "after", hard=True)
    program = (
        "from migrations_app.adapters.pretend import PretendCloud;"
        f"PretendCloud('pretend', {path!r}).live_migrate({web!r}, host='compute-34')"
    )
    assert start(program).wait(60) == -signal.SIGKILL
    assert cloud.server(web).status == "MIGRATING"
    assert cloud.asked("live_migrate", web) == 1


def test_a_child_process_has_a_connection_of_its_own(
    cloud: PretendCloud, web: str
) -> None:
    cloud.server(web)
    child = os.fork()
    if child == 0:
        cloud.stop(web)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert cloud.server(web).task_state == "powering-off"


def test_many_processes_may_open_it_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "cloud.sqlite3")
    program = (
        "from migrations_app.adapters.pretend import PretendCloud, seed;"
        f"seed(PretendCloud('pretend', {path!r}))"
    )
    children = [start(program) for _ in range(5)]
    assert [child.wait(60) for child in children] == [0] * 5
    assert len(PretendCloud("pretend", path).services()) == 5


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


# -- groups, and what there is -----------------------------------------------------


@pytest.mark.parametrize(
    "policy, host",
    [
        ("affinity", "compute-30"),
        ("anti-affinity", "compute-30"),
        ("soft-affinity", "compute-34"),
        ("soft-anti-affinity", "compute-34"),
    ],
)
def test_hard_groups_are_honoured(
    cloud: PretendCloud, clock: HandClock, policy: str, host: str
) -> None:
    group = cloud.group("members", policy)
    cloud.create("other", host="compute-34", group=group)
    server_id = cloud.create("one", host="compute-30", group=group)
    cloud.live_migrate(server_id, host="compute-34")
    clock.later(60)
    assert cloud.server(server_id).host == host


def test_a_deleted_server_is_gone_but_its_actions_are_not(
    cloud: PretendCloud, web: str
) -> None:
    cloud.delete(web)
    with pytest.raises(Gone):
        cloud.server(web)
    assert cloud.allocations(web) == {}
    assert [action.name for action in cloud.actions(web)] == ["create"]


def test_the_article_s_cloud_has_one_guest_of_each_kind() -> None:
    cloud = PretendCloud()
    seed(cloud)
    seed(cloud)
    servers = list(cloud.servers())
    assert [host.host for host in cloud.hypervisors()] == [
        f"compute-{number}" for number in range(30, 35)
    ]
    assert len(servers) == len({server.name for server in servers}) >= 20
    assert {server.status for server in servers} >= {
        *("ACTIVE", "SHUTOFF", "PAUSED", "VERIFY_RESIZE", "ERROR")
    }
    assert any(server.locked for server in servers)
    assert any(server.config_drive for server in servers)
    assert any(server.image is None for server in servers)
    assert any(server.pinned_zone for server in servers)
    cloud.confirm(cloud.id_of("batch-resized"))


def test_it_grows_for_load_tests() -> None:
    cloud = PretendCloud()
    grow(cloud, hypervisors=30, instances=2100)
    servers = list(cloud.servers())
    assert len({server.id for server in servers}) == 2100
    assert cloud.calls["servers", ""] == 3
    used = {host.stock[MEMORY_MB].used for host in cloud.hypervisors()}
    assert used == {70 * 512}

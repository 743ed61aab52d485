"""What the pretend cloud alone can do: go wrong on request, and in every known way."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from migrations_app.errors import Conflict, Gone, Refused, Unreachable
from migrations_app.integrations.interfaces import MEMORY_MB
from pretend import (
    Killed,
    PretendCloud,
    grow,
    seed,
)
from tests.integrations.adapters.clouds import HandClock

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
    root = Path(__file__).parents[3]
    return subprocess.Popen([sys.executable, "-c", program], cwd=root)


def test_processes_share_it_and_one_may_be_killed(
    cloud: PretendCloud, web: str
) -> None:
    path = cloud._store.path
    cloud.die("live_migrate", "after", hard=True)
    program = (
        "from pretend import PretendCloud;"
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


def test_a_cloud_that_nothing_refers_to_any_more_has_let_go_of_its_file(
    tmp_path: Path,
) -> None:
    def open_files() -> list[str]:
        links = Path("/proc/self/fd").iterdir()
        return [os.readlink(link) for link in links if link.is_symlink()]

    path = str(tmp_path / "cloud.sqlite3")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        cloud = PretendCloud("pretend", path)
        assert path in open_files()
        del cloud
        gc.collect()
    assert path not in open_files()
    assert [str(warning.message) for warning in warned] == []


def test_many_processes_may_open_it_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "cloud.sqlite3")
    program = (
        "from pretend import PretendCloud, seed;"
        f"seed(PretendCloud('pretend', {path!r}))"
    )
    children = [start(program) for _ in range(5)]
    assert [child.wait(60) for child in children] == [0] * 5
    assert len(PretendCloud("pretend", path).services()) == 5


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

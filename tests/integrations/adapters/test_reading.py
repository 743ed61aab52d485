"""What every cloud tells: the cases that the pretend and the real one both pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from migrations_app.errors import Gone
from migrations_app.integrations.interfaces import DISK_GB, MEMORY_MB, VCPU
from migrations_app.integrations.interfaces.account import OLDEST_COMPUTE, PLACEMENT
from tests.integrations.adapters.clouds import FLAVOR, PROJECT, Place

TINY = {VCPU: 1, MEMORY_MB: 512, DISK_GB: 1}


def test_it_knows_who_we_are(place: Place) -> None:
    assert len(place.cloud.whoami()) == 32


def test_it_tells_our_account_and_what_the_services_speak(place: Place) -> None:
    account = place.cloud.account()
    assert account.user
    assert account.project
    assert "admin" in account.roles
    compute, placement = map(place.cloud.newest, ("compute", "placement"))
    assert compute is not None
    assert compute >= OLDEST_COMPUTE
    assert placement is not None
    assert placement >= PLACEMENT


def test_it_tells_what_a_server_is(place: Place, resting: str) -> None:
    server = place.cloud.server(resting)
    assert (server.id, server.status, server.vm_state) == (resting, "ACTIVE", "active")
    assert (server.host, server.node) == ("compute-30", "compute-30")
    assert (server.zone, server.pinned_zone) == ("OS1", None)
    assert (server.power_state, server.idle, server.locked) == (1, True, False)
    assert server.flavor.name == FLAVOR
    assert server.resources == TINY
    assert server.image
    assert not server.config_drive
    assert server.volumes == ()
    assert server.fault is None
    assert server.created_at is not None
    assert server.created_at.tzinfo is not None


def test_it_lists_the_servers_of_all_projects(place: Place, resting: str) -> None:
    servers = {server.id: server for server in place.cloud.servers()}
    assert servers[resting] == place.cloud.server(resting)
    assert len({server.project_id for server in servers.values()}) > 1


def test_it_lists_the_servers_of_one_host(place: Place, resting: str) -> None:
    other = place.boot("compute-34")
    found: dict[str, set[str]] = {}

    def everywhere() -> dict[str, str | None]:
        return {server.id: server.host for server in place.cloud.servers()}

    def while_nothing_moves() -> dict[str, str | None] | None:
        # other tests have theirs made, moved and removed meanwhile
        before = everywhere()
        for host in ("compute-30", "compute-34"):
            found[host] = {server.id for server in place.cloud.servers(host=host)}
        return before if everywhere() == before else None

    whole = place.until(while_nothing_moves)
    for host, servers in found.items():
        assert servers == {it for it, at in whole.items() if at == host}
    assert resting in found["compute-30"]
    assert other in found["compute-34"]
    assert list(place.cloud.servers(host="nowhere")) == []


def test_it_tells_what_changed_and_what_is_gone(place: Place) -> None:
    before = place.cloud.server(place.boot())
    assert before.updated_at is not None
    since = before.updated_at - timedelta(seconds=2)
    assert before.id in {it.id for it in place.cloud.servers(changes_since=since)}
    far = before.updated_at + timedelta(days=1)
    # those of others that no cell has yet are listed whatever the time (Nova 34,
    # objects/build_request.py)
    assert before.id not in {it.id for it in place.cloud.servers(changes_since=far)}
    place.remove(before.id)

    def gone() -> bool:
        return any(
            it.status == "DELETED"
            for it in place.cloud.servers(changes_since=since)
            if it.id == before.id
        )

    place.until(gone)
    # for a moment more it may be in the whole list, too
    place.until(lambda: before.id not in {it.id for it in place.cloud.servers()})


def test_it_lists_all_groups_with_their_members(place: Place) -> None:
    group = place.group("soft-affinity")
    member = place.boot(group=group)
    found = {it.id: it for it in place.cloud.groups()}[group]
    assert (found.policy, found.max_per_host) == ("soft-affinity", 1)
    assert found.members == (member,)


def test_it_lists_no_move_of_a_server_that_rests(place: Place, resting: str) -> None:
    day = datetime.now(UTC) - timedelta(days=1)
    for moves in (place.cloud.moves(), place.cloud.moves(since=day)):
        assert resting not in {it.server_id for it in moves}
    assert all(not it.over for it in place.cloud.moves())


def test_it_lists_the_service_of_every_host(place: Place) -> None:
    services = {service.host: service for service in place.cloud.services()}
    assert {"compute-30", "compute-34"} <= services.keys()
    assert services["compute-30"].binary == "nova-compute"
    assert (services["compute-30"].zone, services["compute-31"].zone) == ("OS1", "OS2")
    assert services["compute-30"].up
    assert services["compute-30"].enabled
    assert services["compute-30"].disabled_reason is None


def test_it_lists_the_services_of_every_binary(place: Place) -> None:
    found = place.cloud.all_services()
    assert {"nova-conductor", "nova-scheduler", "nova-compute"} <= {
        service.binary for service in found
    }
    assert found == sorted(found, key=lambda it: (it.binary, it.host))
    computes = {it.id for it in found if it.binary == "nova-compute"}
    assert computes == {service.id for service in place.cloud.services()}


def test_it_tells_of_the_nova_compute_of_one_host(place: Place) -> None:
    service = place.cloud.service("compute-30")
    assert (service.host, service.binary) == ("compute-30", "nova-compute")
    with pytest.raises(Gone, match="compute-99"):
        place.cloud.service("compute-99")


def test_it_tells_what_every_host_has_and_uses(place: Place, resting: str) -> None:
    hosts = {hypervisor.host: hypervisor for hypervisor in place.cloud.hypervisors()}
    assert hosts.keys() == {service.host for service in place.cloud.services()}
    host = hosts["compute-30"]
    assert (host.node, host.zone, host.up, host.enabled) == (
        *("compute-30", "OS1"),
        *(True, True),
    )
    assert "OS1" in host.aggregates
    vcpus, memory = host.stock[VCPU], host.stock[MEMORY_MB]
    assert (vcpus.total, vcpus.ratio, vcpus.capacity) == (64, 4.0, 256)
    assert (memory.total, memory.reserved, memory.capacity) == (512880, 512, 512368)
    assert memory.used >= TINY[MEMORY_MB]
    assert memory.max_unit == memory.total


def test_it_knows_the_names_of_the_projects(place: Place) -> None:
    assert PROJECT in {project.name for project in place.cloud.projects()}


def test_it_tells_where_the_others_of_a_group_are(place: Place, resting: str) -> None:
    group_id = place.group("anti-affinity")
    one = place.boot("compute-30", group=group_id)
    two = place.boot("compute-34", group=group_id)
    group = place.cloud.group_of(one)
    assert group is not None
    assert (group.id, group.policy, group.max_per_host) == (
        *(group_id, "anti-affinity"),
        1,
    )
    assert set(group.members) == {one, two}
    assert group.hosts == {two: "compute-34"}
    assert place.cloud.group_of(resting) is None


def test_it_tells_what_a_server_holds(place: Place, resting: str) -> None:
    assert place.cloud.allocations(resting) == {"compute-30": TINY}


def test_it_tells_whether_a_server_fits(place: Place, resting: str) -> None:
    server = place.cloud.server(resting)
    too_big = replace(server, flavor=replace(server.flavor, ram_mb=2**24))
    assert place.cloud.fits(server, "compute-34") is True
    assert place.cloud.fits(too_big, "compute-34") is False
    assert place.cloud.fits(server, "compute-99") is None


def test_it_tells_where_the_ports_are_bound(place: Place, resting: str) -> None:
    (port,) = place.cloud.ports(resting)
    assert (port.host, port.status) == ("compute-30", "ACTIVE")
    assert port.vnic_type == "normal"
    assert port.vif_type in {"tap", "bridge"}  # as lab/inside/mechanism_driver.py binds


def test_it_tells_what_was_asked_of_a_server(place: Place, resting: str) -> None:
    (created,) = place.cloud.actions(resting)
    assert created.name == "create"
    assert created.request_id.startswith("req-")
    assert place.cloud.action(resting, created.request_id).name == "create"
    with pytest.raises(Gone, match="req-nobody"):
        place.cloud.action(resting, "req-nobody")


def test_a_server_that_never_moved_has_no_records(place: Place, resting: str) -> None:
    assert place.cloud.migrations(resting) == []
    assert place.cloud.progress(resting, 1) is None


def test_what_does_not_exist_holds_nothing(place: Place) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    assert place.cloud.allocations(nobody) == {}
    assert place.cloud.migrations(nobody) == []
    assert place.cloud.ports(nobody) == []
    assert place.cloud.progress(nobody, 1) is None


def test_it_tells_what_surrounds_a_server(place: Place, resting: str) -> None:
    server = place.cloud.server(resting)
    assert server.image is not None
    assert place.cloud.volumes(server) == []
    assert place.cloud.shares(resting) == []
    assert place.cloud.has_image(server.image)
    agents = place.cloud.network_agents("compute-30")
    assert {agent.host for agent in agents} <= {"compute-30"}
    assert not any(record.over for record in place.cloud.under_way())
    low, high = place.cloud.release() or (0, 0)
    assert low <= high


def test_it_tells_who_holds_what_of_a_host(place: Place, resting: str) -> None:
    other = place.boot("compute-34")
    held = place.cloud.consumers("compute-30")
    assert held[resting] == TINY
    assert other not in held
    assert place.cloud.consumers("compute-34")[other] == TINY
    assert place.cloud.consumers("nowhere") == {}


def test_it_tells_which_ports_are_bound_to_a_host(place: Place, resting: str) -> None:
    bound = place.cloud.bindings("compute-30")
    mine = [it.port_id for it in bound if it.server_id == resting]
    assert mine == [port.id for port in place.cloud.ports(resting)]
    assert mine
    assert place.cloud.bindings("nowhere") == []


def test_no_binding_of_a_server_that_rests_is_left_on_another_host(
    place: Place, resting: str
) -> None:
    assert place.cloud.left_bindings(resting, "compute-30") == []
    assert place.cloud.left_bindings(resting, "compute-34") == []

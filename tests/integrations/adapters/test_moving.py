"""How servers move in every cloud: the cases that the pretend and the real one pass."""

from __future__ import annotations

import pytest

from migrations_app.errors import Conflict
from migrations_app.integrations.interfaces import Migration
from tests.integrations.adapters.clouds import Place

LONG = 600  # seconds that a live migration lasts which is told to end


def newest(place: Place, server_id: str, status: str) -> Migration | None:
    """Return the newest migration record once it has this status."""
    found = place.cloud.migrations(server_id)
    return found[0] if found and found[0].status == status else None


def settle(place: Place, server_id: str, status: str) -> Migration:
    """Wait until the record has this status and the server is idle; return it."""

    def settled() -> Migration | None:
        move = newest(place, server_id, status)
        return move if move and place.cloud.server(server_id).idle else None

    move = place.until(settled)
    assert isinstance(move, Migration)
    return move


def test_a_live_move_ends_on_the_target(place: Place) -> None:
    server_id = place.boot("compute-30", live_seconds=20)
    place.cloud.live_migrate(server_id, host="compute-34")
    assert place.cloud.server(server_id).status == "MIGRATING"
    assert not place.cloud.server(server_id).idle

    running = place.until(lambda: newest(place, server_id, "running"))
    assert (running.type, running.source) == ("live-migration", "compute-30")
    assert not running.over
    assert set(place.cloud.allocations(server_id)) == {"compute-34"}
    assert set(place.cloud.allocations(running.uuid)) == {"compute-30"}
    with pytest.raises(Conflict, match="task_state migrating"):
        place.cloud.live_migrate(server_id, host="compute-34")

    move = settle(place, server_id, "completed")
    server = place.cloud.server(server_id)
    assert (move.id, move.target, move.over) == (running.id, "compute-34", True)
    assert (server.status, server.host) == ("ACTIVE", "compute-34")
    assert set(place.cloud.allocations(server_id)) == {"compute-34"}
    place.until(lambda: place.cloud.allocations(move.uuid) == {})
    assert {port.host for port in place.cloud.ports(server_id)} == {"compute-34"}
    assert place.cloud.actions(server_id)[0].name == "live-migration"
    with pytest.raises(Conflict):
        place.cloud.abort(server_id, move.id)


def test_a_live_move_tells_what_is_left_to_copy(place: Place) -> None:
    server_id = place.boot("compute-30", live_seconds=LONG)
    place.cloud.live_migrate(server_id, host="compute-34")
    running = place.until(lambda: newest(place, server_id, "running"))

    def counters() -> object:
        found = place.cloud.progress(server_id, running.id)
        return found if found and found.memory_total else None

    progress = place.until(counters)
    assert 0 <= progress.memory_remaining <= progress.memory_total
    place.cloud.force_complete(server_id, running.id)
    settle(place, server_id, "completed")
    assert place.cloud.progress(server_id, running.id) is None


def test_an_aborted_live_move_leaves_all_as_it_was(place: Place) -> None:
    server_id = place.boot("compute-30", live_seconds=LONG)
    before = place.cloud.allocations(server_id)
    place.cloud.live_migrate(server_id, host="compute-34")
    running = place.until(lambda: newest(place, server_id, "running"))
    place.cloud.abort(server_id, running.id)

    move = settle(place, server_id, "cancelled")
    server = place.cloud.server(server_id)
    assert (server.status, server.host) == ("ACTIVE", "compute-30")
    assert place.until(lambda: place.cloud.allocations(server_id) == before)
    assert place.cloud.allocations(move.uuid) == {}
    assert {port.host for port in place.cloud.ports(server_id)} == {"compute-30"}
    actions = [action.name for action in place.cloud.actions(server_id)]
    assert actions[:2] == ["live_migration_cancel", "live-migration"]


def test_a_live_move_can_be_forced_to_its_end(place: Place) -> None:
    server_id = place.boot("compute-30", live_seconds=LONG)
    place.cloud.live_migrate(server_id, host="compute-34")
    running = place.until(lambda: newest(place, server_id, "running"))
    place.cloud.force_complete(server_id, running.id)
    settle(place, server_id, "completed")
    assert place.cloud.server(server_id).host == "compute-34"


def test_a_live_move_to_its_own_host_comes_to_nothing(place: Place) -> None:
    server_id = place.boot("compute-30")
    place.cloud.live_migrate(server_id, host="compute-30")
    move = settle(place, server_id, "error")
    assert move.over
    assert place.cloud.server(server_id).status == "ACTIVE"

    def said() -> str | None:
        (action, *_) = place.cloud.actions(server_id)
        events = place.cloud.action(server_id, action.request_id).events
        wrong = [event.details for event in events if event.result == "Error"]
        return wrong[0] if wrong else None

    assert "No valid host was found" in place.until(said)


def test_a_cold_move_waits_to_be_confirmed(place: Place) -> None:
    server_id = place.boot("compute-30")
    place.cloud.migrate(server_id, host="compute-34")
    assert place.cloud.server(server_id).status == "RESIZE"

    move = settle(place, server_id, "finished")
    server = place.cloud.server(server_id)
    assert (move.type, move.over) == ("migration", False)
    assert (move.source, move.target) == ("compute-30", "compute-34")
    assert (server.status, server.vm_state) == ("VERIFY_RESIZE", "resized")
    assert (server.host, server.zone) == ("compute-34", "OS1")
    assert set(place.cloud.allocations(server_id)) == {"compute-34"}
    assert set(place.cloud.allocations(move.uuid)) == {"compute-30"}

    place.cloud.confirm(server_id)
    settle(place, server_id, "confirmed")
    server = place.until(lambda: active(place, server_id))
    assert server.host == "compute-34"
    assert place.until(lambda: place.cloud.allocations(move.uuid) == {})
    assert {port.host for port in place.cloud.ports(server_id)} == {"compute-34"}
    actions = [action.name for action in place.cloud.actions(server_id)]
    assert actions[:2] == ["confirmResize", "migrate"]
    with pytest.raises(Conflict):
        place.cloud.confirm(server_id)


def active(place: Place, server_id: str) -> object:
    server = place.cloud.server(server_id)
    return server if server.status == "ACTIVE" else None


def test_a_confirmation_is_taken_once(place: Place) -> None:
    server_id = place.boot("compute-30")
    place.cloud.migrate(server_id, host="compute-34")
    settle(place, server_id, "finished")
    place.cloud.confirm(server_id)
    with pytest.raises(Conflict):
        place.cloud.confirm(server_id)
    settle(place, server_id, "confirmed")


def test_a_reverted_cold_move_leaves_all_as_it_was(place: Place) -> None:
    server_id = place.boot("compute-30")
    before = place.cloud.allocations(server_id)
    place.cloud.migrate(server_id, host="compute-34")
    settle(place, server_id, "finished")

    place.cloud.revert(server_id)
    move = settle(place, server_id, "reverted")
    server = place.until(lambda: active(place, server_id))
    assert server.host == "compute-30"
    assert place.until(lambda: place.cloud.allocations(server_id) == before)
    assert place.cloud.allocations(move.uuid) == {}
    assert {port.host for port in place.cloud.ports(server_id)} == {"compute-30"}


def test_the_scheduler_chooses_where_no_host_is_named(place: Place) -> None:
    server_id = place.boot("compute-30")
    place.cloud.migrate(server_id, host=None)
    move = settle(place, server_id, "finished")
    assert move.target not in (None, "compute-30")
    assert place.cloud.server(server_id).host == move.target
    place.cloud.revert(server_id)
    settle(place, server_id, "reverted")


def test_a_stopped_server_stays_stopped_through_a_cold_move(place: Place) -> None:
    server_id = place.boot("compute-30")
    place.cloud.stop(server_id)
    place.until(lambda: place.cloud.server(server_id).status == "SHUTOFF")
    with pytest.raises(Conflict, match="vm_state stopped"):
        place.cloud.live_migrate(server_id, host="compute-34")

    place.cloud.migrate(server_id, host="compute-34")
    settle(place, server_id, "finished")
    place.cloud.confirm(server_id)
    settle(place, server_id, "confirmed")
    place.until(lambda: place.cloud.server(server_id).status == "SHUTOFF")
    assert place.cloud.server(server_id).host == "compute-34"

    place.cloud.start(server_id)
    place.until(lambda: place.cloud.server(server_id).status == "ACTIVE")
    names = [action.name for action in place.cloud.actions(server_id)]
    assert names[0] == "start"


@pytest.mark.alone
def test_a_disabled_host_is_no_target_and_says_why(place: Place, resting: str) -> None:
    by_host = {service.host: service for service in place.cloud.services()}
    service = by_host["compute-31"]
    server_id = place.boot("compute-30")
    place.cloud.set_service(service.id, enabled=False, reason="Tests")
    try:
        found = {it.host: it for it in place.cloud.services()}["compute-31"]
        assert (found.enabled, found.disabled_reason) == (False, "Tests")
        hosts = {it.host: it for it in place.cloud.hypervisors()}
        assert not hosts["compute-31"].enabled
        assert hosts["compute-31"].disabled_reason == "Tests"
        server = place.cloud.server(resting)
        assert place.until(lambda: place.cloud.fits(server, "compute-31") is False)
        assert place.cloud.hidden_hosts() == {"compute-31"}

        place.cloud.migrate(server_id, host="compute-31")
        settle(place, server_id, "error")
        server = place.cloud.server(server_id)
        assert (server.status, server.host) == ("ACTIVE", "compute-30")
    finally:
        place.cloud.set_service(service.id, enabled=True)
    found = {it.host: it for it in place.cloud.services()}["compute-31"]
    assert (found.enabled, found.disabled_reason) == (True, None)
    server = place.cloud.server(resting)
    assert place.until(lambda: place.cloud.fits(server, "compute-31"))
    assert place.cloud.hidden_hosts() == frozenset()

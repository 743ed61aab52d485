"""What counts as leaked: a truth table for each rule, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrations_app.integrations.interfaces import Flavor, Server
from migrations_app.integrations.interfaces.host_allocations import Binding
from migrations_app.inventory.leaks.rules import Record, Seen, Unconfirmed, leaks

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ID = "5f2b0d1c-9e7a-4d3f-8b6c-1a2e3d4f5061"
HELD = {"VCPU": 1, "MEMORY_MB": 512}


def server(**fields: Any) -> Server:
    values: dict[str, Any] = {
        "id": ID,
        "name": "web-1",
        "project_id": "p1",
        "status": "ACTIVE",
        "vm_state": "active",
        "task_state": None,
        "power_state": 1,
        "host": "compute-31",
        "node": "compute-31",
        "zone": "OS1",
        "pinned_zone": None,
        "flavor": Flavor("m1.tiny", 1, 512, 1),
        "image": "i",
        **fields,
    }
    return Server(**values)


def move(**fields: Any) -> Record:
    values: dict[str, Any] = {
        "uuid": "move-1",
        "number": 7,
        "server_id": ID,
        "type": "live-migration",
        "status": "running",
        "source": "compute-30",
        "target": "compute-31",
        "over": False,
        "touched_at": NOW - timedelta(hours=7),
        **fields,
    }
    return Record(**values)


def kinds(**seen: Any) -> list[str]:
    return [leak.kind for leak in leaks(Seen(host="compute-30", **seen), now=NOW)]


@pytest.mark.parametrize(
    ("there", "found"),
    [
        (None, ["allocation"]),  # nobody knows it
        (server(), ["allocation"]),  # it is elsewhere for good
        (server(host="compute-30"), []),  # it came meanwhile
        (server(task_state="migrating"), []),
        (server(status="VERIFY_RESIZE"), []),
        (server(host=None, status="BUILD", task_state="scheduling"), []),
        (server(host=None, status="SHELVED_OFFLOADED"), []),
    ],
)
def test_an_allocation_leaked_when_its_holder_is_not_there(
    there: Server | None, found: list[str]
) -> None:
    assert kinds(consumers={ID: HELD}, servers={ID: there}) == found


def test_an_allocation_of_who_belongs_there_has_not_leaked() -> None:
    assert kinds(consumers={ID: HELD}) == []


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (move(touched_at=NOW), []),
        (move(over=True, status="error"), ["allocation"]),
        (move(over=True, status="completed"), ["allocation"]),
    ],
)
def test_a_move_that_is_over_must_hold_nothing(
    record: Record, found: list[str]
) -> None:
    assert kinds(consumers={"move-1": HELD}, moves=[record]) == found


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (move(), ["move"]),
        (move(touched_at=NOW - timedelta(hours=5)), []),
        (move(source="compute-32"), []),  # it is told at its source
        (move(status="finished"), []),  # it waits to be confirmed
        (move(over=True, status="error"), []),
        (move(target="", status="queued"), ["move"]),
    ],
)
def test_a_move_is_stale_when_nova_has_not_touched_it_for_hours(
    record: Record, found: list[str]
) -> None:
    assert kinds(moves=[record]) == found


@pytest.mark.parametrize(("hours", "found"), [(23, []), (25, ["verify"])])
def test_a_cold_move_should_be_confirmed_within_a_day(
    hours: int, found: list[str]
) -> None:
    waits = Unconfirmed(ID, "web-1", NOW - timedelta(hours=hours))

    assert kinds(unconfirmed=[waits]) == found


@pytest.mark.parametrize(
    ("there", "found"),
    [
        (server(), ["port"]),
        (server(task_state="migrating"), []),
        (server(host="compute-30"), []),
        (None, []),  # Neutron's own affair: the port names nobody
    ],
)
def test_a_port_must_be_bound_where_its_instance_is(
    there: Server | None, found: list[str]
) -> None:
    assert kinds(bindings=[Binding("p", ID)], servers={ID: there}) == found


@pytest.mark.parametrize(
    ("there", "found"),
    [
        (server(), ["domain"]),
        (None, ["domain"]),
        (server(status="VERIFY_RESIZE"), []),
        (server(host="compute-30"), []),
    ],
)
def test_a_domain_must_be_where_its_instance_is(
    there: Server | None, found: list[str]
) -> None:
    assert kinds(domains={ID: "instance-1"}, servers={ID: there}) == found


def test_every_leak_names_itself_and_a_command() -> None:
    found = leaks(
        Seen(
            host="compute-30",
            consumers={ID: HELD},
            bindings=[Binding("p", ID)],
            domains={ID: "instance-1"},
            servers={ID: server()},
            moves=[move()],
            unconfirmed=[Unconfirmed("other", "web-2", NOW - timedelta(days=2))],
        ),
        now=NOW,
    )

    assert {leak.kind for leak in found} == {
        *("allocation", "move", "verify", "port", "domain"),
    }
    for leak in found:
        assert "“" in leak.remedy, leak.kind
        assert leak.sentence.endswith("."), leak.kind


def test_an_inactive_binding_is_not_taken_for_the_place_of_the_port() -> None:
    left = Binding("p", ID, active=False)
    (found,) = leaks(
        Seen(host="compute-30", bindings=[left], servers={ID: server()}), now=NOW
    )
    assert (found.kind, found.subject) == ("port", "p")
    assert "no network" not in found.sentence
    assert "/v2.0/ports/p/bindings/compute-30" in found.remedy
    busy = server(task_state="migrating")
    assert kinds(bindings=[left], servers={ID: busy}) == []

"""Who is ejected so that another fits, and what is left of it in the room."""

from __future__ import annotations

import random

import pytest

from migrations_app.drains.planner import search
from migrations_app.drains.planner.capacity import FreeCapacity
from migrations_app.drains.planner.model import Fleet
from migrations_app.integrations.interfaces import MEMORY_MB, VCPU
from tests.drains.planner.fleets import fleet, group, guest, host, stock, tight_fleet


def room_of(of: Fleet, **at: str) -> FreeCapacity:
    """The room on all hosts but "old", with these guests placed."""
    room = FreeCapacity(of, of.hosts.keys() - {"old"}, speaks_against=None)
    for name, target in at.items():
        room.assign(of.guests[name], target)
    return room


def ejected(room: FreeCapacity, name: str, on: str, **failures: int) -> list[str]:
    """Who must leave that host for the guest of this name."""
    of = room.fleet.guests[name]
    return search._whom_to_eject(room, of, on, failures)


def test_one_guest_is_ejected_where_one_is_enough() -> None:
    of = fleet(
        host("old", vcpus=99),
        host("a", vcpus=8),
        guest("small", "old", vcpus=1),
        guest("large", "old", vcpus=7),
        guest("new", "old", vcpus=5),
    )
    assert ejected(room_of(of, small="a", large="a"), "new", "a") == ["large"]


def test_who_failed_seldom_is_ejected_first() -> None:
    of = fleet(
        host("old", vcpus=99),
        host("a", vcpus=8),
        *(guest(name, "old", vcpus=4) for name in ("one", "two", "new")),
    )
    room = room_of(of, one="a", two="a")
    assert ejected(room, "new", "a") == ["one"]
    assert ejected(room, "new", "a", one=1) == ["two"]


def test_several_are_ejected_where_no_one_is_enough() -> None:
    of = fleet(
        host("old", vcpus=99),
        host("a", vcpus=6),
        *(guest(name, "old", vcpus=2) for name in ("one", "two", "three")),
        guest("new", "old", vcpus=4),
    )
    room = room_of(of, one="a", two="a", three="a")
    assert ejected(room, "new", "a") == ["one", "three"]


def test_who_has_nothing_of_what_is_lacking_stays() -> None:
    full = {VCPU: stock(4), MEMORY_MB: stock(4)}
    of = fleet(
        host("old", vcpus=99),
        host("a", stock=full),
        guest("cpus", "old", resources={VCPU: 4}),
        guest("first", "old", resources={MEMORY_MB: 2}),
        guest("second", "old", resources={MEMORY_MB: 2}),
        guest("new", "old", resources={MEMORY_MB: 4}),
    )
    room = room_of(of, cpus="a", first="a", second="a")
    assert ejected(room, "new", "a") == ["first", "second"]


def test_who_need_not_go_after_all_stays() -> None:
    of = fleet(
        host("old", vcpus=99),
        host("a", stock={VCPU: stock(9), MEMORY_MB: stock(9)}),
        guest("a1", "old", resources={VCPU: 1, MEMORY_MB: 1}),
        guest("b1", "old", resources={VCPU: 8, MEMORY_MB: 1}),
        guest("c1", "old", resources={MEMORY_MB: 7}),
        guest("new", "old", resources={VCPU: 8, MEMORY_MB: 7}),
    )
    room = room_of(of, a1="a", b1="a", c1="a")
    assert ejected(room, "new", "a") == ["b1", "c1"]


def test_nobody_is_ejected_where_all_together_are_not_enough() -> None:
    of = fleet(
        host("old", vcpus=99),
        host("a", vcpus=8, used=5),
        guest("one", "old", vcpus=3),
        guest("new", "old", vcpus=4),
    )
    assert ejected(room_of(of, one="a"), "new", "a") == []


def test_a_mate_is_ejected_where_the_group_is_at_its_limit() -> None:
    of = fleet(
        host("old", vcpus=99),
        host("a", vcpus=99),
        guest("alone", "old", vcpus=4),
        guest("mate", "old", group="g"),
        guest("new", "old", vcpus=2, group="g"),
        group("g", "anti-affinity", "mate", "new"),
    )
    assert ejected(room_of(of, alone="a", mate="a"), "new", "a") == ["mate"]


def test_a_mate_and_more_are_ejected_where_room_is_lacking_as_well() -> None:
    of = fleet(
        host("old", vcpus=99),
        host("a", vcpus=5),
        guest("alone", "old", vcpus=4),
        guest("mate", "old", group="g"),
        guest("new", "old", vcpus=2, group="g"),
        group("g", "anti-affinity", "mate", "new"),
    )
    assert ejected(room_of(of, alone="a", mate="a"), "new", "a") == ["mate", "alone"]


def test_nobody_is_ejected_for_a_group_whose_member_there_does_not_move() -> None:
    of = fleet(
        host("old", vcpus=99),
        host("a", vcpus=99),
        guest("stays", "a", group="g"),
        guest("alone", "old", vcpus=4),
        guest("new", "old", group="g"),
        group("g", "anti-affinity", "stays", "new"),
    )
    assert ejected(room_of(of, alone="a"), "new", "a") == []


def test_the_cheapest_host_is_the_one_whose_guests_failed_seldom() -> None:
    of = fleet(
        host("old", vcpus=99),
        host("a", vcpus=4),
        host("b", vcpus=4),
        *(guest(name, "old", vcpus=4) for name in ("on_a", "on_b", "new")),
    )
    room = room_of(of, on_a="a", on_b="b")
    found = search._cheapest_ejection(
        room, of.guests["new"], ["a", "b"], {"on_a": 2, "on_b": 1}
    )
    assert found is not None
    assert (found.host, found.guests, found.cost) == ("b", ("on_b",), 2)


@pytest.mark.parametrize(("looks", "turns"), [(0, 50), (5, 50), (40_000, 1)])
def test_a_search_that_meets_its_bound_leaves_the_best_that_it_had(
    monkeypatch: pytest.MonkeyPatch, looks: int, turns: int
) -> None:
    monkeypatch.setattr(search, "LOOKS", looks)
    monkeypatch.setattr(search, "TURNS", turns)
    for seed in random.Random(7).sample(range(1000), 30):  # noqa: S311
        of = tight_fleet(seed)
        room = room_of(of)
        guests = list(of.on(["old"]))
        may = {
            each.id: [name for name, why in room.never(each).items() if not why]
            for each in guests
        }
        found = search.search(room, [each for each in guests if may[each.id]], may)
        assert found == room.at
        assert set(found) == {each for on in room.here.values() for each in on}
        for name, at in found.items():
            room.unassign(of.guests[name])
            assert not room.lacks(of.guests[name], at)
            assert not room.crowded(of.guests[name], at)
            room.assign(of.guests[name], at)

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrations_app.drains.planner.model import Fleet, Limits, Task
from migrations_app.drains.planner.move_order import at_least, finish, startable, walk
from migrations_app.drains.planner.occupancy import Ledger
from migrations_app.drains.planner.place import place
from migrations_app.errors import Unfit
from tests.drains.planner.fleets import fleet, fleets, group, guest, host, task

FAST = settings(max_examples=80, deadline=None)
NONE = Limits(per_source=0, per_target=0, per_zone=0, overall=0)
ZONES = {"a": "z1", "b": "z1", "c": "z2", "d": "z2"}

some_limits = st.builds(
    Limits, *(st.integers(0, 3) for _ in ("source", "target", "zone", "overall"))
)
some_tasks = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")).filter(
        lambda way: way[0] != way[1]
    ),
    max_size=12,
).map(lambda ways: [task(f"i{n}", *way) for n, way in enumerate(ways)])


def within(limits: Limits, together: list[Task]) -> bool:
    """Whether these may be under way at once, counted naively."""
    zones = [{ZONES[t.source], ZONES[t.target]} for t in together]
    counts = [
        (limits.overall, [len(together)]),
        (limits.per_source, Counter(t.source for t in together).values()),
        (limits.per_target, Counter(t.target for t in together).values()),
        (limits.per_zone, Counter(z for both in zones for z in both).values()),
    ]
    return all(not limit or max(found, default=0) <= limit for limit, found in counts)


def seconds(of: Task) -> float:
    """Some number that hangs on the guest."""
    return float(1 + int(of.guest[1:]) % 4)


@FAST
@given(some_tasks, some_limits, st.integers(0, 12))
def test_it_starts_all_that_the_limits_allow_and_no_more(
    tasks: list[Task], limits: Limits, split: int
) -> None:
    running: list[Task] = []
    for each in tasks[:split]:
        if within(limits, [*running, each]):
            running.append(each)
    waiting = tasks[split:]
    chosen = startable(waiting, running, limits, ZONES)
    assert within(limits, [*running, *chosen])
    assert chosen == [each for each in waiting if each in chosen]
    for left in waiting:
        if left not in chosen:
            assert not within(limits, [*running, *chosen, left])


@FAST
@given(some_tasks, some_limits)
def test_it_keeps_the_limits_at_all_times_and_ends(
    tasks: list[Task], limits: Limits
) -> None:
    running: list[Task] = []
    last, ended = 0.0, []
    for event in walk(tasks, limits, seconds, zone_of=ZONES):
        assert event.at >= last
        last = event.at
        if event.begins:
            running.append(event.task)
        else:
            running.remove(event.task)
            ended.append(event.task)
        assert within(limits, running)
    assert sorted(ended, key=tasks.index) == tasks
    assert last == finish(tasks, limits, seconds, zone_of=ZONES)
    assert last >= at_least(tasks, limits, seconds, zone_of=ZONES) - 1e-9


@FAST
@given(fleets(), some_limits)
def test_it_brings_every_placement_to_its_end_and_never_overfills_a_host(
    of: Fleet, limits: Limits
) -> None:
    placed = place(of, {"h0"})
    ledger = Ledger(of)
    for event in walk(placed.tasks, limits, lambda _: 1.0, fleet=of):
        (ledger.begin if event.begins else ledger.end)(event.task)
        for target in {each.target for each in placed.tasks}:
            now = ledger.stock(target).values()
            assert all(stock.used <= stock.capacity for stock in now)
    finish(placed.tasks, limits, lambda _: 1.0, fleet=of)


def test_it_lets_one_that_waits_hold_up_nobody() -> None:
    of = fleet(
        host("a"), host("full", used=8), host("b"), guest("one", "a"), guest("two", "a")
    )
    first, second = task("one", "a", "full"), task("two", "a", "b")
    assert startable([first, second], [], NONE, {}, fleet=of) == [second]


def test_it_waits_until_a_move_that_has_ended_leaves_room() -> None:
    of = fleet(
        host("a", used=4),
        host("b", used=8),
        host("c"),
        guest("in", "a", vcpus=4),
        guest("out", "b", vcpus=4),
    )
    out, into = task("out", "b", "c"), task("in", "a", "b")
    assert startable([into, out], [], NONE, {}, fleet=of) == [out]
    assert startable([into], [out], NONE, {}, fleet=of) == []
    assert startable([into], [], NONE, {}, fleet=of, done=[out]) == [into]
    assert finish([into, out], NONE, lambda _: 5, fleet=of) == 10


def test_it_waits_until_an_anti_affinity_group_allows_it() -> None:
    of = fleet(
        host("a"),
        host("b"),
        host("c"),
        guest("in", "a", group="g"),
        guest("out", "b", group="g"),
        group("g", "anti-affinity", "in", "out"),
    )
    out, into = task("out", "b", "c"), task("in", "a", "b")
    assert startable([into], [out], NONE, {}, fleet=of) == []
    assert startable([into], [], NONE, {}, fleet=of, done=[out]) == [into]


def test_it_counts_a_move_once_that_a_newer_fleet_shows_as_done() -> None:
    of = fleet(
        host("a"),
        host("b", vcpus=2, used=1),
        guest("moved", "b"),
        guest("next", "a"),
    )
    moved, following = task("moved", "a", "b"), task("next", "a", "b")
    assert startable([following], [], NONE, {}, fleet=of, done=[moved]) == [following]


def test_it_starts_together_only_what_fits_together() -> None:
    of = fleet(host("a"), host("b", used=7), guest("one", "a"), guest("two", "a"))
    both = [task("one", "a", "b"), task("two", "a", "b")]
    assert startable(both, [], NONE, {}, fleet=of) == both[:1]
    with pytest.raises(Unfit, match="two to b can never start"):
        finish(both, NONE, lambda _: 1.0, fleet=of)


def test_it_tells_how_long_the_longest_chain_is() -> None:
    tasks = [task("i3", "a", "b"), task("i7", "a", "c"), task("i11", "d", "c")]
    assert at_least(tasks, Limits(1, 0, 0, 0), seconds) == 8
    assert at_least(tasks, Limits(0, 0, 1, 0), seconds, zone_of=ZONES) == 8
    assert at_least(tasks, Limits(0, 0, 0, 2), seconds) == 6
    assert at_least(tasks, NONE, seconds) == 4
    assert at_least([], Limits(), seconds) == 0
    assert finish(tasks, Limits(1, 0, 0, 0), seconds) == 8


def test_it_goes_on_and_shows_what_never_has_room() -> None:
    of = fleet(host("a"), host("b", used=8), guest("one", "a"))
    events = list(walk([task("one", "a", "b")], NONE, lambda _: 2.0, fleet=of))
    assert [(each.at, each.begins) for each in events] == [(0.0, True), (2.0, False)]

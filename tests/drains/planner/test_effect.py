from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrations_app.drains.planner.effect import effect
from migrations_app.drains.planner.model import Fleet, Limits, Task
from migrations_app.drains.planner.place import place
from migrations_app.drains.planner.violations import Kind
from migrations_app.integrations.interfaces import VCPU
from tests.drains.planner.fleets import fleet, fleets, group, guest, host, task

FAST = settings(max_examples=80, deadline=None)


@st.composite
def fleets_and_moves(draw: st.DrawFn) -> tuple[Fleet, list[Task]]:
    """A fleet, and moves of some of its guests to anywhere, allowed or not."""
    of = draw(fleets())
    who = draw(st.permutations(sorted(of.guests)))
    ways = ((of.guests[each], draw(st.sampled_from(sorted(of.hosts)))) for each in who)
    return of, [task(g.id, g.host, to) for g, to in ways if g.host != to]


@FAST
@given(fleets_and_moves())
def test_it_equals_a_naive_replay(moves: tuple[Fleet, list[Task]]) -> None:
    of, tasks = moves
    used = {
        (name, kind): [stock.used]
        for name, each in of.hosts.items()
        for kind, stock in each.stock.items()
    }
    over = set()
    for number, each in enumerate(tasks, 1):
        for kind, amount in of.guests[each.guest].resources.items():
            if (into := used.get((each.target, kind))) is not None:
                into.append(into[-1] + amount)
                if into[-1] > of.hosts[each.target].stock[kind].capacity:
                    over.add((number, each.target))
        for kind, amount in of.guests[each.guest].resources.items():
            if (out := used.get((each.source, kind))) is not None:
                out.append(out[-1] - amount)

    found = effect(of, tasks)

    assert {each.name for each in found.hosts} == {
        name for each in tasks for name in (each.source, each.target)
    }
    for seen in found.hosts:
        for kind in seen.before:
            course = used[seen.name, kind]
            assert seen.before[kind].used == course[0]
            assert seen.peak[kind].used == max(course)
            assert seen.after[kind].used == course[-1]
    told = {(b.step, b.host) for b in found.broken if "more than the" in b.sentence}
    assert told == over


@FAST
@given(fleets(), st.integers(0, 3))
def test_it_finds_nothing_broken_in_a_placement(of: Fleet, overall: int) -> None:
    tasks = place(of, {"h0"}).tasks
    for limits in (None, Limits(overall=overall)):
        found = effect(of, tasks, limits=limits)
        assert {each.kind for each in found.broken} <= {Kind.WISH}
    json.dumps(found.as_dict())


def test_it_charges_both_hosts_while_a_move_lasts() -> None:
    of = fleet(
        host("a", used=4),
        host("b", used=4),
        guest("one", "a", vcpus=4),
        guest("two", "b", vcpus=3),
    )
    found = effect(of, [task("one", "a", "b"), task("two", "b", "a")])
    a, b = found.hosts
    assert [stock[VCPU].used for stock in (b.before, b.peak, b.after)] == [4, 8, 5]
    assert (b.peak_at[VCPU], a.peak_at[VCPU]) == (1, 0)
    assert (a.arriving, a.leaving, b.arriving, b.leaving) == (1, 1, 1, 1)
    assert found.broken == ()


def test_it_tells_that_a_host_is_too_full_only_while_both_are_there() -> None:
    of = fleet(
        host("a", used=4),
        host("b", used=8),
        host("c"),
        guest("in", "a", vcpus=4),
        guest("out", "b", vcpus=4),
    )
    into, out = task("in", "a", "b"), task("out", "b", "c")
    (broken,) = effect(of, [into, out]).broken
    assert (broken.kind, broken.step, broken.host) == (Kind.CAPACITY, 1, "b")
    assert (
        broken.sentence
        == "b would hold 12 VCPUs with in, 4 more than the 8 that it may."
    )
    assert effect(of, [out, into]).broken == ()
    assert effect(of, [into, out], limits=Limits()).broken == ()


def test_it_peaks_higher_when_moves_go_on_at_once() -> None:
    of = fleet(
        host("a", used=4),
        host("b", used=4),
        guest("in", "a", vcpus=4),
        guest("out", "b", vcpus=4),
    )
    out, into = task("out", "b", "a"), task("in", "a", "b")
    _, alone = effect(of, [out, into]).hosts
    _, together = effect(of, [out, into], limits=Limits()).hosts
    assert (alone.peak[VCPU].used, together.peak[VCPU].used) == (4, 8)


def test_it_follows_a_guest_that_moves_twice() -> None:
    of = fleet(host("a", used=1), host("b"), host("c"), guest("web", "a"))
    found = effect(of, [task("web", "a", "b"), task("web", "b", "a")])
    assert [each.after[VCPU].used for each in found.hosts] == [1, 0]
    assert found.broken == ()


@pytest.mark.parametrize(
    ("who", "there", "kind", "words"),
    [
        ({"zone": "z9"}, {}, Kind.ZONE, "web must stay in the zone z9; b is in z1."),
        ({}, {"projects": frozenset({"p2"})}, Kind.PROJECT, "b is reserved for"),
        ({}, {"why_not": "b is down."}, Kind.HOST, "b is down."),
        ({"why_not": "It is busy."}, {}, Kind.GUEST, "It is busy."),
        ({"vcpus": 9}, {"vcpus": 99, "used": 0}, None, ""),
        ({"group": "hard"}, {}, Kind.GROUP, "web is in the affinity group hard"),
        (
            {"group": "apart"},
            {},
            Kind.GROUP,
            "b would hold 2 members of the anti-affinity group apart with web; it may"
            " hold 1.",
        ),
        ({"group": "rather apart"}, {}, Kind.WISH, "b already holds a member of"),
        ({"group": "together"}, {}, Kind.WISH, "web leaves other members of together"),
    ],
)
def test_it_says_what_a_move_breaks(
    who: dict[str, object], there: dict[str, object], kind: Kind | None, words: str
) -> None:
    of = fleet(
        host("a"),
        host("b", **there),  # type: ignore[arg-type]
        guest("web", "a", **who),  # type: ignore[arg-type]
        guest("m1", "b", group="apart"),
        guest("m2", "b", group="rather apart"),
        guest("m3", "a", group="together"),
        group("hard", "affinity", "web"),
        group("apart", "anti-affinity", "web", "m1"),
        group("rather apart", "soft-anti-affinity", "web", "m2"),
        group("together", "soft-affinity", "web", "m3"),
    )
    broken = effect(of, [task("web", "a", "b")]).broken
    assert [each.kind for each in broken] == ([] if kind is None else [kind])
    assert all(each.sentence.startswith(words) for each in broken)


def test_it_names_what_it_does_not_know() -> None:
    of = fleet(host("a"), host("b"), guest("web", "a"))
    tasks = [task("db", "a", "b"), task("web", "a", "moon"), task("web", "b", "a")]
    found = effect(of, tasks)
    assert [each.sentence for each in found.broken][:2] == [
        "No instance db is known.",
        "No host moon is known.",
    ]
    assert {each.name for each in found.hosts} == {"a", "b"}


def test_it_tells_a_guest_that_is_elsewhere_or_stays_where_it_is() -> None:
    of = fleet(host("a"), host("b"), guest("web", "a"))
    (elsewhere,) = effect(of, [task("web", "b", "a")]).broken
    assert elsewhere.sentence == "web is on a, not on b."
    (stays,) = effect(of, [task("web", "a", "a")]).broken
    assert stays.sentence == "web is on a already."

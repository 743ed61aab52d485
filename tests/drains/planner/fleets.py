"""Small fleets for tests, by hand and by Hypothesis."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from migrations_app.drains.planner.model import Fleet, Group, Guest, Host, Task
from migrations_app.integrations.interfaces import DISK_GB, MEMORY_MB, VCPU, Stock

POLICIES = ("affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity")


def stock(capacity: int, used: int = 0, *, max_unit: int = 0) -> Stock:
    """A stock without reserve and ratio; one guest may take all unless said."""
    return Stock(capacity, 0, 1.0, used, max_unit or capacity)


def host(name: str, *, vcpus: int = 8, used: int = 0, **fields: Any) -> Host:
    """A host in zone z1 that has VCPUs only."""
    values = {"zone": "z1", "stock": {VCPU: stock(vcpus, used)}, **fields}
    return Host(name=name, **values)


def guest(name: str, on: str, *, vcpus: int = 1, **fields: Any) -> Guest:
    """A running guest whose id is its name."""
    values: dict[str, Any] = {
        "id": name,
        "name": name,
        "project": "p1",
        "host": on,
        "status": "ACTIVE",
        "resources": {VCPU: vcpus},
        **fields,
    }
    return Guest(**values)


def group(name: str, policy: str, *members: str, most: int = 1) -> Group:
    """A group whose id is its name."""
    return Group(name, name, policy, most, frozenset(members))


def fleet(*things: Host | Guest | Group) -> Fleet:
    """All of these together."""
    return Fleet(
        {each.name: each for each in things if isinstance(each, Host)},
        {each.id: each for each in things if isinstance(each, Guest)},
        {each.id: each for each in things if isinstance(each, Group)},
    )


@st.composite
def fleets(draw: st.DrawFn, *, most_guests: int = 8) -> Fleet:
    """A fleet of hosts h0, h1, …, tight enough that not everything fits everywhere.

    What the guests take is in the stock of their hosts.
    """
    names = [f"h{number}" for number in range(draw(st.integers(2, 6)))]
    groups = {
        f"g{number}": draw(st.tuples(st.sampled_from(POLICIES), st.integers(1, 2)))
        for number in range(2)
    }
    guests = {}
    for number in range(draw(st.integers(1, most_guests))):
        taken = {
            VCPU: draw(st.integers(1, 4)),
            MEMORY_MB: draw(st.integers(1, 4)),
            DISK_GB: draw(st.integers(0, 2)),
        }
        guests[f"i{number}"] = guest(
            f"i{number}",
            draw(st.sampled_from(names)),
            resources={name: amount for name, amount in taken.items() if amount},
            zone=draw(st.sampled_from(["", "", "", "z0", "z1"])),
            project=draw(st.sampled_from(["p1", "p1", "p2"])),
            group=draw(st.sampled_from(["", "", "", *groups])),
            why_not=draw(st.sampled_from(["", "", "", "", "It is busy."])),
            seconds=draw(st.sampled_from([0.0, 1.0, 2.0, 5.0])),
        )
    hosts = {}
    for number, name in enumerate(names):
        held = {
            each: sum(
                g.resources.get(each, 0) for g in guests.values() if g.host == name
            )
            for each in (VCPU, MEMORY_MB, DISK_GB)
        }
        hosts[name] = Host(
            name,
            f"z{number % 2}",
            {
                each: stock(
                    used + draw(st.integers(0, 8)) + 1,
                    used,
                    max_unit=draw(st.integers(3, 9)),
                )
                for each, used in held.items()
                if each != DISK_GB or draw(st.booleans())
            },
            why_not=draw(st.sampled_from(["", "", "", "", "It is down."])),
            projects=draw(
                st.sampled_from([frozenset(), frozenset(), frozenset({"p2"})])
            ),
        )
    return Fleet(
        hosts,
        guests,
        {
            name: group(
                name,
                policy,
                *(each.id for each in guests.values() if each.group == name),
                most=most,
            )
            for name, (policy, most) in groups.items()
        },
    )


def allowed(of: Fleet, where: Mapping[str, str]) -> bool:
    """Whether these guests may all be at these hosts, their old places still held.

    Written apart from the code under test, and naively.
    """
    held = [(each.id, each.host) for each in of.guests.values()] + list(where.items())
    for name, target in where.items():
        each, to = of.guests[name], of.hosts[target]
        if each.why_not or to.why_not or target == each.host:
            return False
        if each.zone not in ("", to.zone):
            return False
        if to.projects and each.project not in to.projects:
            return False
        for kind, amount in each.resources.items():
            if kind in to.stock and amount > to.stock[kind].max_unit:
                return False
        if each.group and of.groups[each.group].policy == "affinity":
            return False
    for to in of.hosts.values():
        arriving = [of.guests[name] for name, at in where.items() if at == to.name]
        for kind, has in to.stock.items():
            more = sum(each.resources.get(kind, 0) for each in arriving)
            if more and has.used + more > has.capacity:
                return False
        for each in arriving:
            rule = of.groups.get(each.group)
            if rule is not None and rule.policy == "anti-affinity":
                mates = [
                    who
                    for who, at in held
                    if at == to.name and of.guests[who].group == rule.id
                ]
                if len(mates) > rule.max_per_host:
                    return False
    return True


def most_by_trying_all(of: Fleet, leave: set[str]) -> int:
    """How many guests of these hosts can be placed together at best."""
    targets = [name for name in of.hosts if name not in leave]
    moving = [each.id for each in of.guests.values() if each.host in leave]
    choices = [
        [None, *(to for to in targets if allowed(of, {who: to}))] for who in moving
    ]
    best = 0
    for picks in itertools.product(*choices):
        where = {w: to for w, to in zip(moving, picks, strict=True) if to is not None}
        if len(where) > best and allowed(of, where):
            best = len(where)
    return best


def tight_fleet(seed: int) -> Fleet:
    """Five to nine guests of "old", and little more room than they need."""
    chance = random.Random(seed)  # noqa: S311
    guests = [
        guest(
            f"i{number}",
            "old",
            resources={VCPU: chance.randint(1, 6), MEMORY_MB: chance.randint(1, 6)},
            group="g" if chance.random() < 0.3 else "",
        )
        for number in range(chance.randint(5, 9))
    ]
    slack = chance.choice([1.0, 1.05, 1.15, 1.3])
    weights = [chance.uniform(0.6, 1.4) for _ in range(chance.randint(2, 4))]
    hosts = []
    for number, weight in enumerate(weights):
        share = slack * weight / sum(weights)
        room = {
            kind: stock(max(1, round(share * sum(g.resources[kind] for g in guests))))
            for kind in (VCPU, MEMORY_MB)
        }
        hosts.append(host(f"t{number}", stock=room))
    rule = group("g", "anti-affinity", *(g.id for g in guests if g.group), most=2)
    return fleet(host("old", vcpus=99), *hosts, *guests, rule)


def most_that_fit(of: Fleet, leave: str) -> int:
    """How many of a tight fleet's guests can be placed together at best."""
    guests = [each for each in of.guests.values() if each.host == leave]
    targets = [name for name in of.hosts if name != leave]

    def most(where: dict[str, str], number: int) -> int:
        if number == len(guests):
            return len(where)
        best = 0
        for target in targets:
            more = {**where, guests[number].id: target}
            if allowed(of, more):
                best = max(best, most(more, number + 1))
            if best == len(where) + len(guests) - number:
                return best
        return max(best, most(where, number + 1))

    return most({}, 0)


def task(name: str, source: str, target: str) -> Task:
    """A live move."""
    return Task(name, source, target, "live")

"""Times the placement of instances, and measures it against a solver where one is.

    .venv/bin/python -m bench.placing [--seconds 15]

Compares with CP-SAT of OR-tools when the interpreter has it; novaweb does not need it,
and what is measured needs the standard library only. So, in a place of its own:

    python3 -m venv solver && solver/bin/pip install ortools
    solver/bin/python -m bench.placing

The problems: clouds of 20 and of 1,000 hosts, four of which are emptied, with groups,
zones and 100 or 200 instances to move; from roomy to so tight that the free memory is
1.02 times what is needed. The solver has ``--seconds`` for the number that it places
and as many for how full the fullest target gets. Limits: 5 s of processor time each, no
rule broken, and at least 97 % of what the solver places. Ends with status 1 if one is
missed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Mapping

from migrations_app.drains.planner.capacity import FreeCapacity
from migrations_app.drains.planner.effect import Kind, effect
from migrations_app.drains.planner.model import Fleet, Group, Guest, Host
from migrations_app.drains.planner.place import place
from migrations_app.integrations.interfaces import DISK_GB, MEMORY_MB, VCPU, Stock

LIMIT, SHARE = 5.0, 0.97
LEAVE = ("h0000", "h0001", "h0002", "h0003")
# hosts, hosts that have room, instances to move, free over needed
PROBLEMS = tuple(
    (hosts, roomy, moving, slack)
    for hosts, roomy, moving in ((20, 16, 100), (1000, 60, 200), (1000, 996, 200))
    for slack in ((4.0, 1.3, 1.1, 1.02) if roomy < 900 else (20.0,))
)


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the placement of instances.")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    missed = 0
    print("hosts  roomy  move  slack | placed  fullest      s | solver  fullest      s")
    for hosts, roomy, moving, slack in PROBLEMS:
        for seed in range(asked.seeds):
            fleet = problem(hosts, roomy, moving, slack, seed=seed)
            began = time.process_time()
            placed = place(fleet, LEAVE)
            took = time.process_time() - began
            at = {task.guest: task.target for task in placed.tasks}
            line = f"{hosts:5}  {roomy:5}  {moving:4}  {slack:5.2f} | {len(at):6}  "
            line += f"{fullest(fleet, at):7.3f}  {took:5.2f} | "
            broken = [
                b for b in effect(fleet, placed.tasks).broken if b.kind != Kind.WISH
            ]
            good = took <= LIMIT and not broken
            began = time.perf_counter()
            solved = solve(fleet, seconds=asked.seconds)
            if solved is None:
                line += "no solver"
            else:
                line += f"{len(solved):6}  {fullest(fleet, solved):7.3f}  "
                line += f"{time.perf_counter() - began:5.1f}"
                good = good and len(at) >= SHARE * len(solved)
            missed += not good
            print(line + ("" if good else "  MISSED"), flush=True)
    return 1 if missed else 0


def problem(hosts: int, roomy: int, moving: int, slack: float, *, seed: int) -> Fleet:
    """Return a cloud that has ``slack`` times the memory needed, on its roomy hosts."""
    chance = random.Random(f"{hosts} {roomy} {slack} {seed}")  # noqa: S311
    guests: dict[str, Guest] = {}
    for number in range(moving):
        size = chance.choice((1, 1, 1, 2, 2, 4, 8))
        source = LEAVE[number % len(LEAVE)]
        guests[f"i{number:03}"] = Guest(
            id=f"i{number:03}",
            name=f"i{number:03}",
            project="p",
            host=source,
            status="ACTIVE",
            resources={
                VCPU: size * chance.choice((1, 1, 2)),
                MEMORY_MB: size * 2048,
                DISK_GB: size * chance.choice((5, 10, 20)),
            },
            zone=f"z{LEAVE.index(source) % 2}" if chance.random() < 0.3 else "",
            group=f"g{chance.randrange(6)}" if chance.random() < 0.3 else "",
        )
    needed = {
        name: sum(guest.resources[name] for guest in guests.values())
        for name in (VCPU, MEMORY_MB, DISK_GB)
    }
    weights = [chance.uniform(0.5, 1.5) for _ in range(roomy)]
    fleet: dict[str, Host] = {}
    for number in range(hosts):
        name = f"h{number:04}"
        open_to = number - len(LEAVE)
        share = weights[open_to] / sum(weights) if 0 <= open_to < roomy else 0.0
        stock = {}
        for kind, capacity, ease in (
            (VCPU, 128, 1.2),
            (MEMORY_MB, 258048, 1.0),
            (DISK_GB, 4000, 1.4),
        ):
            free = min(capacity, int(needed[kind] * slack * ease * share))
            stock[kind] = Stock(capacity, 0, 1.0, capacity - free, capacity)
        fleet[name] = Host(name, f"z{number % 2}", stock)
    members: dict[str, set[str]] = {f"g{number}": set() for number in range(6)}
    for guest in guests.values():
        if guest.group:
            members[guest.group].add(guest.id)
    groups = {
        name: Group(name, name, "anti-affinity", 1 if roomy > 20 else 2, frozenset(ids))
        for name, ids in members.items()
    }
    return Fleet(fleet, guests, groups)


def fullest(fleet: Fleet, at: Mapping[str, str]) -> float:
    """Return how full the fullest host is that somebody went to; 1: full."""
    most = 0.0
    for host in set(at.values()):
        for name, stock in fleet.hosts[host].stock.items():
            more = sum(fleet.guests[g].resources[name] for g in at if at[g] == host)
            most = max(most, (stock.used + more) / stock.capacity)
    return most


def solve(fleet: Fleet, *, seconds: float) -> dict[str, str] | None:
    """Return what CP-SAT finds: most guests, then the least full; None without it."""
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        return None
    room = FreeCapacity(fleet, set(fleet.hosts) - set(LEAVE), speaks_against=None)
    model = cp_model.CpModel()
    goes = {
        (guest.id, host.name): model.new_bool_var("")
        for guest in fleet.on(LEAVE)
        for host in room.hosts.values()
        if not room.never(guest)[host.name]
    }
    to: dict[str, list[str]] = {}
    by_guest: dict[str, list[str]] = {}
    for guest, host in goes:
        to.setdefault(host, []).append(guest)
        by_guest.setdefault(guest, []).append(host)
    for guest, hosts in by_guest.items():
        model.add_at_most_one(goes[guest, host] for host in hosts)
    most = model.new_int_var(0, 10_000, "")
    for host, guests in to.items():
        used = model.new_bool_var("")
        model.add_max_equality(used, [goes[guest, host] for guest in guests])
        for name, stock in fleet.hosts[host].stock.items():
            load = sum(fleet.guests[g].resources[name] * goes[g, host] for g in guests)
            model.add(load <= stock.free)
            full = (load + stock.used) * 10_000 <= most * stock.capacity
            model.add(full).only_enforce_if(used)
        for group in fleet.groups.values():
            members = [goes[g, host] for g in guests if g in group.members]
            if members:
                model.add(sum(members) <= group.max_per_host)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    placed = sum(goes.values())
    model.maximize(placed)
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return {}
    for each in goes.values():
        model.add_hint(each, solver.value(each))
    best = {way: solver.value(each) for way, each in goes.items()}
    model.add(placed >= sum(best.values()))
    model.minimize(most)
    if solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        best = {way: solver.value(each) for way, each in goes.items()}
    return {guest: host for (guest, host), chosen in best.items() if chosen}


if __name__ == "__main__":
    sys.exit(main())

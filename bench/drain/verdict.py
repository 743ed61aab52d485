"""What a drain has come to: the rules it broke, and how long it had to take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bench.drain.guests import APART, LEAVE, TOGETHER, Guest, say, servers

if TYPE_CHECKING:
    from migrations_app.drains.planner.model import Task
    from migrations_app.models import Drain, MigrationRequest
    from tests.integrations.adapters.clouds import LabPlace


def broken(
    place: LabPlace, guests: Sequence[Guest], zone_of: Callable[[str], str]
) -> list[str]:
    """Return which rules are broken where the instances are now, as sentences."""
    at = servers(place)
    wrongs = []
    for guest in guests:
        status, host = at[guest.id]
        name = guest.name
        if status != ("SHUTOFF" if guest.off else "ACTIVE"):
            wrongs.append(f"{name} is {status}")
        if guest.pinned and zone_of(host) != zone_of(guest.host):
            wrongs.append(f"{name} has left its zone {zone_of(guest.host)} for {host}")
        if host != guest.host and host in LEAVE:
            wrongs.append(f"{name} has moved to {host}, which is emptied")
        if host != guest.host and guest.host not in LEAVE:
            wrongs.append(f"{name} has moved from {guest.host}, which is not emptied")
    for group in sorted({guest.group for guest in guests if guest.group}):
        members = [at[guest.id][1] for guest in guests if guest.group == group]
        if group.startswith(APART) and len(set(members)) < len(members):
            wrongs.append(f"{group} has two members on one host")
        if group.startswith(TOGETHER) and len(set(members)) > 1:
            wrongs.append(f"{group} is no longer on one host")
    return wrongs


def unsaid(drain: Drain, guests: Sequence[Guest]) -> list[str]:
    """Return which instances have neither moved nor a reason, as sentences."""
    moves = {move.instance: move for move in drain.moves.all()}
    stays = {each["instance"]: each for each in drain.stays}
    wrongs = []
    for guest in (guest for guest in guests if guest.host in LEAVE):
        move, stay = moves.get(guest.id), stays.get(guest.id)
        if move is not None and move.state == "completed":
            continue
        if not (move.why if move else stay and stay["sentence"] and stay["way_out"]):
            wrongs.append(f"{guest.name} was neither moved nor named with a reason")
    return wrongs


def ideal(drain: Drain, place: LabPlace, moved: Sequence[MigrationRequest]) -> float:
    """Return the seconds below which no order of these moves can be."""
    from migrations_app.drains.moves import task_of
    from migrations_app.drains.planner.model import Limits
    from migrations_app.drains.planner.move_order import at_least

    seconds: dict[str, float] = {}
    spans: dict[str, list[tuple[datetime, datetime, str]]] = {}
    for move in moved:
        if move.procedure == "live":
            spans.setdefault(move.source, []).append(migrated(place, move))
        else:
            seconds[move.instance] = acted(place, move)
    for each in spans.values():
        free = None
        # Nova carries out one live migration from a host at a time
        for ended, began, instance in sorted(each):
            since = began if free is None else max(began, free)
            seconds[instance] = (ended - since).total_seconds()
            free = ended

    def takes(task: Task) -> float:
        return seconds[task.guest]

    tasks = [task_of(move) for move in moved]
    live = [task for task in tasks if task.procedure == "live"]
    nova = at_least(live, Limits(1, 0, 0, 0), takes)
    ours = at_least(tasks, Limits(**drain.limits), takes)
    mean = sum(seconds.values()) / len(seconds)
    say(f"Nova's own time is {mean:.1f} s a move; chains: {nova:.0f} s, {ours:.0f} s")
    return max(nova, ours)


def migrated(place: LabPlace, move: MigrationRequest) -> tuple[datetime, datetime, str]:
    """Return when Nova's record of the move was last written, and when made."""
    path = f"/os-migrations?instance_uuid={move.instance}"
    for record in place.nova.get(path).json()["migrations"]:
        if record["status"] == "completed" and record["source_compute"] == move.source:
            ends = (moment(record["updated_at"]), moment(record["created_at"]))
            return (*ends, move.instance)
    raise SystemExit(f"Nova has no record of the move of {move.instance_name}.")


def acted(place: LabPlace, move: MigrationRequest) -> float:
    """Return the seconds that Nova's own actions of a cold move took."""
    path = f"/servers/{move.instance}/os-instance-actions"
    return sum(
        (moment(each["updated_at"]) - moment(each["start_time"])).total_seconds()
        for each in place.nova.get(path).json()["instanceActions"]
        if each["action"] in {"migrate", "confirmResize"}
    )


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.rstrip("Z"))

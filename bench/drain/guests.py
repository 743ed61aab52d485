"""The instances that the drain's lab holds, and the rules for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.integrations.adapters.clouds import LabPlace

LEAVE = ("compute-30", "compute-31")
INSTANCES, ON_EACH = 100, 12
PATIENCE = 1200.0  # seconds
APART, SOFT, TOGETHER = "anti-affinity", "soft-anti-affinity", "affinity"


@dataclass(slots=True)
class Guest:
    """One instance: where it begins, and the rules for it."""

    name: str
    host: str
    group: str = ""
    pinned: bool = False
    off: bool = False
    id: str = ""


def layout(hosts: Sequence[str]) -> list[Guest]:
    """Return the instances: 12 on each host that is emptied, the rest elsewhere."""
    others = [host for host in hosts if host not in LEAVE]
    guests = []
    for number, host in enumerate(LEAVE):
        groups = [f"{APART} {n}" for n in range(4)]
        groups += [f"{SOFT} {n % 2}" for n in range(4)]
        groups += [f"{TOGETHER} 0"] * 2 if number else []
        groups += [""] * (ON_EACH - len(groups))
        guests += [Guest("", host, group) for group in groups]
        guests[-1].off = True
    for number in range(INSTANCES - len(guests)):
        host = others[number % len(others)]
        group = f"{APART} {number % 4}" if number < 12 else ""
        group = f"{SOFT} {number % 2}" if 12 <= number < 16 else group
        guests.append(Guest("", host, group))
    for number, guest in enumerate(guests):
        guest.name = f"{(guest.group or 'plain').replace(' ', '-')}-{number:02}"
        guest.pinned = number % 2 == 0
    return guests


def boot(
    place: LabPlace, hosts: Sequence[str], zone_of: Callable[[str], str]
) -> list[Guest]:
    """Return the instances, each of which is where it should be."""
    guests = layout(hosts)
    flavor = next(it["id"] for it in place.flavors if it["name"] == "m1.tiny")
    policies = {g.group: g.group.rpartition(" ")[0] for g in guests if g.group}
    groups = {}
    for name, policy in policies.items():
        body = {"server_group": {"name": name, "policy": policy}}
        answer = place.nova.post("/os-server-groups", json=body).json()
        groups[name] = answer["server_group"]["id"]
    for guest in guests:
        server = {
            "name": guest.name,
            "flavorRef": flavor,
            "imageRef": place.image["images"][0]["id"],
            "networks": [{"uuid": place.network["networks"][0]["id"]}],
            "host": guest.host,
        }
        if guest.pinned:
            server["availability_zone"] = zone_of(guest.host)
        hints = {"group": groups[guest.group]} if guest.group else {}
        body = {"server": server, "os:scheduler_hints": hints}
        guest.id = str(place.nova.post("/servers", json=body).json()["server"]["id"])
    ids = {guest.id for guest in guests}

    def settled(status: str, which: set[str]) -> None:
        def all_are() -> bool:
            at = {it: said for it, (said, _) in servers(place).items()}
            if "ERROR" in at.values():
                raise SystemExit("Nova could not boot all instances.")
            return all(at.get(it) == status for it in which)

        until(all_are, f"instances to be {status}")

    settled("ACTIVE", ids)
    off = {guest.id for guest in guests if guest.off}
    for server_id in off:
        place.cloud.stop(server_id)
    settled("SHUTOFF", off)
    at = servers(place)
    wrong = [guest.name for guest in guests if at[guest.id][1] != guest.host]
    if wrong:
        raise SystemExit(f"Nova has put elsewhere: {', '.join(wrong)}")
    say(f"{len(guests)} instances on {len(hosts)} hosts")
    return guests


def servers(place: LabPlace) -> dict[str, tuple[str, str]]:
    """Return the status and the host of every instance, by its id."""
    found: list[dict[str, Any]] = place.nova.get(
        "/servers/detail?all_tenants=1&limit=1000"
    ).json()["servers"]
    return {
        it["id"]: (it["status"], it.get("OS-EXT-SRV-ATTR:host") or "") for it in found
    }


def until(look: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {PATIENCE:.0f} s: {what}")
        time.sleep(0.5)


def say(text: str) -> None:
    print(text, flush=True)

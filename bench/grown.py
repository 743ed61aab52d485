"""A cloud that answers as the recorded one did, grown to any size, on loopback.

    python -m bench.grown --hypervisors 1000 --instances 50000

Prints its URL, and serves until it is ended. Every answer takes as long as it took in
the lab (``seconds`` in bench/recorded), however much longer it is here: a real Nova
takes longer for a page of 500 instances than for one of 15, so that who must keep up
with it has less time here than there. Pages are 500 instances, a marker names the
last; who asks for changes gets those that GET /bench/change?count=N has made; GET
/bench/asked returns what was asked for since it was last asked for that.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.integrations.adapters.sham import Handler, Sham

RECORDED = Path(__file__).parent / "recorded"
PAGE = 500
# (no answer names an instance, a host, a zone, … like this)
MARKS = {"id": "@id@", "name": "@name@", "host": "@host@", "zone": "@zone@"}
Answer = tuple[int, Any]


def recorded(name: str) -> tuple[float, Any]:
    """Return how many seconds that answer took in the lab, and the answer."""
    found = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
    return float(found["seconds"]), found["answer"]


class KeptAlive(Handler):
    """As the services of a cloud do: many requests on one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True


class Grown(Sham):
    """The recorded cloud with so many hosts and instances."""

    request_queue_size = 64

    def __init__(self, hypervisors: int, instances: int) -> None:
        super().__init__()
        self.RequestHandlerClass = KeptAlive
        self.newest = "2.100"
        self.hosts = [f"compute-{number:04}" for number in range(hypervisors)]
        self.ids = [
            f"{number:08x}-0000-4000-8000-0" + "0" * 11 for number in range(instances)
        ]
        self.place = {key: number for number, key in enumerate(self.ids)}
        self.changes = 0
        self.round = 0
        self._answers()
        self._server_text()

    def _answers(self) -> None:
        def say(name: str, path: str, answer: Any) -> None:
            seconds, _ = recorded(name)
            text = json.dumps(answer)

            def told(_: str) -> Answer:
                time.sleep(seconds)
                return 200, text

            self.answers[f"GET {path}"] = told

        _, services = recorded("services")
        _, hypervisors = recorded("hypervisors")
        _, candidates = recorded("candidates")
        _, aggregates = recorded("aggregates")
        _, inventories = recorded("inventories")
        summary = next(iter(candidates["provider_summaries"].values()))
        capacity = {
            name: int((it["total"] - it["reserved"]) * it["allocation_ratio"])
            for name, it in inventories["inventories"].items()
        }
        each: list[dict[str, Any]] = []
        computes: list[dict[str, Any]] = []
        summaries: dict[str, Any] = {}
        for number, host in enumerate(self.hosts):
            uuid = f"{number:08x}-1111-4000-8000-000000000000"
            sample = hypervisors["hypervisors"][0]
            service = {**sample["service"], "host": host, "id": f"s-{number}"}
            each.append(
                {**sample, "id": uuid, "hypervisor_hostname": host, "service": service}
            )
            computes.append(
                {**services["services"][0], "host": host, "zone": self.zone(number)}
            )
            resources = {
                name: {"capacity": amount, "used": amount // 2}
                for name, amount in capacity.items()
            }
            summaries[uuid] = {**summary, "resources": resources}
            path = f"/placement/resource_providers/{uuid}/inventories"
            say("inventories", path, inventories)
        zones = [
            {
                **aggregates["aggregates"][0],
                "name": f"OS{zone}",
                "hosts": self.hosts[zone::8],
            }
            for zone in range(8)
        ]
        compute = "/compute/v2.1"
        say("services", f"{compute}/os-services", {"services": computes})
        say("aggregates", f"{compute}/os-aggregates", {"aggregates": zones})
        say("hypervisors", f"{compute}/os-hypervisors/detail", {"hypervisors": each})
        say(
            *("candidates", "/placement/allocation_candidates"),
            {"allocation_requests": [], "provider_summaries": summaries},
        )
        say("projects", "/identity/v3/projects", recorded("projects")[1])
        self.answers[f"GET {compute}/os-server-groups"] = self._groups
        say("migrations", f"{compute}/os-migrations", recorded("migrations")[1])
        self.answers[f"GET {compute}/servers/detail"] = self._servers
        self.answers["GET /bench/asked"] = self._asked
        self.answers["GET /bench/change"] = self._change

    def _server_text(self) -> None:
        self.seconds, found = recorded("servers")
        one = dict(found["servers"][0])
        one |= {
            "id": MARKS["id"],
            "name": MARKS["name"],
            "OS-EXT-SRV-ATTR:host": MARKS["host"],
            "OS-EXT-SRV-ATTR:hypervisor_hostname": MARKS["host"],
            "OS-EXT-AZ:availability_zone": MARKS["zone"],
        }
        self.text = json.dumps(one)

    def zone(self, number: int) -> str:
        """Return the zone of the host of that number."""
        return f"OS{number % 8}"

    def _server(self, number: int, step: int = 0) -> str:
        at = (number + step) % len(self.hosts)
        values = {
            "id": self.ids[number],
            "name": f"web-{number:05}",
            "host": self.hosts[at],
            "zone": self.zone(at),
        }
        text = self.text
        for key, mark in MARKS.items():
            text = text.replace(mark, values[key])
        return text

    def _servers(self, url: str) -> Answer:
        began = time.perf_counter()
        asked = parse_qs(urlsplit(url).query)
        marker = asked.get("marker")
        start = self.place[marker[0]] + 1 if marker else 0
        changes = "changes-since" in asked
        there = self.changes if changes else len(self.ids)
        end = min(start + min(PAGE, int(asked["limit"][0])), there)
        step = self.round if changes else 0
        page = ",".join(self._server(number, step) for number in range(start, end))
        links = '[{"rel": "next", "href": "…"}]' if end < there else "[]"
        text = f'{{"servers": [{page}], "servers_links": {links}}}'
        time.sleep(max(0.0, self.seconds - (time.perf_counter() - began)))
        return 200, text

    def _groups(self, url: str) -> Answer:
        seconds, found = recorded("groups")
        time.sleep(seconds)
        offset = int(parse_qs(urlsplit(url).query)["offset"][0])
        groups = [
            {
                **found["server_groups"][0],
                "id": f"{number:08x}-2222-4000-8000-000000000000",
                "name": f"group-{number}",
                "members": self.ids[10 * number : 10 * number + 5],
            }
            for number in range(min(1000, len(self.ids) // 50))
        ]
        return 200, {"server_groups": groups[offset:]}

    def _asked(self, _: str) -> Answer:
        asked, self.asked = self.asked, []
        return 200, [it for it in asked if "/bench/" not in it]

    def _change(self, url: str) -> Answer:
        self.changes = int(parse_qs(urlsplit(url).query)["count"][0])
        self.round += 1
        return 200, {}


def main() -> int:
    parser = argparse.ArgumentParser(description="Serve a large cloud.")
    parser.add_argument("--hypervisors", type=int, default=1000)
    parser.add_argument("--instances", type=int, default=50_000)
    asked = parser.parse_args()
    with Grown(asked.hypervisors, asked.instances) as cloud:
        print(cloud.url, flush=True)
        cloud.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Record how a real cloud answers what the inventory asks, for bench.inventory.

    OS_CLIENT_CONFIG_FILE=…/clouds.yaml python -m bench.record lab

Writes one file an answer into bench/recorded: what was asked, how many seconds the
cloud took (the median of TIMES), and the answer with one or two entries of each list,
its addresses replaced. It needs an instance or two there.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from migrations_app.integrations.adapters.openstack.hosts import DETAIL
from migrations_app.integrations.adapters.openstack.session import Wire
from migrations_app.integrations.interfaces.account import COMPUTE

FOLDER = Path(__file__).parent / "recorded"
TIMES = 5
KEPT = 2
ASKED: dict[str, tuple[str, str, dict[str, str]]] = {
    "services": ("compute", "/os-services", {"binary": "nova-compute"}),
    "aggregates": ("compute", "/os-aggregates", {}),
    "hypervisors": ("compute", "/os-hypervisors/detail", {"limit": "1000"}),
    "servers": ("compute", "/servers/detail", {"all_tenants": "1", "limit": "500"}),
    "groups": ("compute", "/os-server-groups", {"all_projects": "True"}),
    "migrations": ("compute", "/os-migrations", {"limit": "1000"}),
    "projects": ("identity", "/projects", {}),
    "candidates": (
        *("placement", "/allocation_candidates"),
        {"resources": "MEMORY_MB:1"},
    ),
}


def main() -> int:
    wire = Wire(sys.argv[1], timeout=60)
    FOLDER.mkdir(exist_ok=True)
    for name, (service, path, params) in ASKED.items():
        record(wire, name, service, path, params)
    candidates = json.loads((FOLDER / "candidates.json").read_text("utf-8"))
    provider = next(iter(candidates["answer"]["provider_summaries"]))
    for name in ("inventories", "usages"):
        path = f"/resource_providers/{provider}/{name}"
        record(wire, name, "placement", path, {})
    return 0


def record(
    wire: Wire, name: str, service: str, path: str, params: dict[str, str]
) -> None:
    """The answer is in its file."""
    microversion = DETAIL if name == "hypervisors" else COMPUTE
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        answer = wire.ask(
            *(service, "GET", path), microversion=microversion, params=params
        )
        took.append(time.perf_counter() - began)
    lengths = {key: len(it) for key, it in answer.items() if isinstance(it, list)}
    shown = {
        "service": service,
        "path": path,
        "params": params,
        "seconds": round(statistics.median(took), 4),
        "entries": max(lengths.values(), default=1),
        "answer": scrubbed(answer),
    }
    text = json.dumps(shown, indent=1, sort_keys=True) + "\n"
    (FOLDER / f"{name}.json").write_text(text, "utf-8")
    print(f"{name}: {shown['entries']} entries in {shown['seconds']} s")


def scrubbed(value: Any, name: str = "") -> Any:
    """Return it with short lists, and without addresses, users or their data."""
    if isinstance(value, list):
        return [scrubbed(it, name) for it in value[:KEPT]]
    if isinstance(value, dict):
        pairs = list(value.items())
        if name in ("provider_summaries", "allocations"):
            pairs = pairs[:KEPT]
        return {key: scrubbed(it, key) for key, it in pairs}
    if name == "href":
        return "http://cloud.example.org/" + str(value).split("/", 3)[-1]
    if name in ("user_id", "hostId", "OS-EXT-SRV-ATTR:user_data") and value:
        return "0" * 32
    if name in ("addr", "host_ip", "accessIPv4"):
        return "192.0.2.1" if value else value
    return value


if __name__ == "__main__":
    sys.exit(main())

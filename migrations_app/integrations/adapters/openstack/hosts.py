"""Which compute hosts there are, and which resource provider is which host's."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from migrations_app.integrations.adapters.openstack import listed, parsing
from migrations_app.integrations.adapters.openstack.placement import Placement
from migrations_app.integrations.adapters.openstack.session import Wire
from migrations_app.integrations.interfaces import Hypervisor, Service, names

# The last microversion without the uptime, for which clouds from Wallaby to 2025.1
# ask every nova-compute in turn (nova, commit 567dbe1867).
DETAIL = (2, 87)
PAGE = 1000


class ComputeHosts:
    """The compute hosts of one cloud. A host's provider never changes."""

    def __init__(self, wire: Wire, placement: Placement) -> None:
        self._wire = wire
        self._placement = placement
        self._hosts: dict[str, str] = {}  # by provider, which is the hypervisor's id

    def services(
        self, *, binary: str | None = "nova-compute", host: str | None = None
    ) -> list[Service]:
        """Return the services of that binary, of that host; None: of all."""
        asked = {"binary": binary, "host": host}
        params = {name: value for name, value in asked.items() if value}
        answer = self._wire.ask("compute", "GET", "/os-services", params=params)
        return [
            parsing.service(it)
            for it in answer["services"]
            if names.is_name(it["host"]) or it["binary"] != "nova-compute"
        ]

    def hypervisors(self) -> list[Hypervisor]:
        """Return every host with its zone, its aggregates and its stock."""
        with ThreadPoolExecutor(2) as pool:
            services = pool.submit(self.services)
            listed_aggregates = pool.submit(
                lambda: self._wire.ask("compute", "GET", "/os-aggregates")
            )
            nodes = self._nodes()
            stocks = self._placement.stocks([node["id"] for node in nodes])
        zones = {service.host: service.zone for service in services.result()}
        aggregates: dict[str, list[str]] = defaultdict(list)
        tenants: dict[str, set[str]] = defaultdict(set)
        for it in listed_aggregates.result()["aggregates"]:
            for host in it["hosts"]:
                aggregates[host].append(it["name"])
                tenants[host] |= parsing.tenants(it)
        return [
            listed.hypervisor(
                node,
                zone=zones.get(node["service"]["host"], ""),
                aggregates=aggregates[node["service"]["host"]],
                tenants=tenants[node["service"]["host"]],
                stock=stocks[node["id"]],
            )
            for node in nodes
        ]

    def host_of(self, provider: str) -> str:
        """Return the host of a provider; a name of its own if it is no host's."""
        if provider not in self._hosts:
            self._nodes()
        if provider in self._hosts:
            return self._hosts[provider]
        root, name = self._placement.root(provider)
        return self._hosts.get(root, name)

    def provider_of(self, host: str) -> str | None:
        """Return the provider of a host, None when there is no such host."""
        if host not in self._hosts.values():
            self._nodes()
        return next((key for key, it in self._hosts.items() if it == host), None)

    def _nodes(self) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = []
        params, more = {"limit": str(PAGE)}, True
        while more:
            page = self._wire.ask(
                *("compute", "GET", "/os-hypervisors/detail"),
                microversion=DETAIL,
                params=params,
            )
            nodes += page["hypervisors"]
            more = bool(page["hypervisors"]) and parsing.has_next(page, "hypervisors")
            params = {**params, "marker": nodes[-1]["id"]} if nodes else params
        # a nova-compute chooses its name itself: what is none would get into commands
        nodes = [node for node in nodes if names.is_name(node["service"]["host"])]
        self._hosts = {node["id"]: node["service"]["host"] for node in nodes}
        return nodes

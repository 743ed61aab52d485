"""What a real cloud holds of one host: allocations and bound ports."""

from __future__ import annotations

from typing import Any

from migrations_app.integrations.adapters.openstack import http_errors
from migrations_app.integrations.adapters.openstack.hosts import ComputeHosts
from migrations_app.integrations.adapters.openstack.placement import Placement
from migrations_app.integrations.adapters.openstack.session import Wire
from migrations_app.integrations.interfaces.host_allocations import Binding


class OpenStackHostAllocations:
    """One part of ``interfaces.Cloud``; see there for what each method says."""

    name: str
    _wire: Wire
    _placement: Placement
    _hosts: ComputeHosts

    def consumers(self, host: str) -> dict[str, dict[str, int]]:
        with http_errors.sense(self.name, "placement"):
            provider = self._hosts.provider_of(host)
            if provider is None:
                return {}
            return self._placement.consumers(provider)

    def bindings(self, host: str) -> list[Binding]:
        return [
            Binding(str(it["id"]), str(it["device_id"]), it["binding:host_id"] == host)
            for it in self._bound(host)
            if str(it["device_owner"]).startswith("compute:") and it["device_id"]
        ]

    def left_bindings(self, server_id: str, host: str) -> list[str]:
        return [
            str(it["id"])
            for it in self._bound(host, device_id=server_id)
            if it["binding:host_id"] != host
        ]

    def _bound(self, host: str, **wanted: str) -> list[dict[str, Any]]:
        """Return the ports that have a binding to the host, whichever is the active.

        So the filter is meant (neutron/plugins/ml2/plugin.py,
        _ml2_port_result_filter_hook); what a port tells is its active one.
        """
        params = {
            **wanted,
            "binding:host_id": host,
            "fields": ["id", "device_id", "device_owner", "binding:host_id"],
        }
        with http_errors.sense(self.name, "network"):
            answer = self._wire.ask("network", "GET", "/ports", params=params)
            return [{**dict.fromkeys(params["fields"]), **it} for it in answer["ports"]]

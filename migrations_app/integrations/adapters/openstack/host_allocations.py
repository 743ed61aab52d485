"""What a real cloud holds of one host: allocations and bound ports."""

from __future__ import annotations

from migrations_app.integrations.adapters.openstack import http_errors
from migrations_app.integrations.adapters.openstack.hosts import ComputeHosts
from migrations_app.integrations.adapters.openstack.session import Wire
from migrations_app.integrations.interfaces.host_allocations import Binding


class OpenStackHostAllocations:
    """One part of ``interfaces.Cloud``; see there for what each method says."""

    name: str
    _wire: Wire
    _hosts: ComputeHosts

    def consumers(self, host: str) -> dict[str, dict[str, int]]:
        with http_errors.sense(self.name, "placement"):
            provider = self._hosts.provider_of(host)
            if provider is None:
                return {}
            path = f"/resource_providers/{provider}/allocations"
            answer = self._wire.ask("placement", "GET", path)
            return {
                str(consumer): dict(it["resources"])
                for consumer, it in answer["allocations"].items()
            }

    def bindings(self, host: str) -> list[Binding]:
        wanted = {
            "binding:host_id": host,
            "fields": ["id", "device_id", "device_owner"],
        }
        with http_errors.sense(self.name, "network"):
            answer = self._wire.ask("network", "GET", "/ports", params=wanted)
            return [
                Binding(str(it["id"]), str(it["device_id"]))
                for it in answer["ports"]
                if str(it["device_owner"]).startswith("compute:") and it["device_id"]
            ]

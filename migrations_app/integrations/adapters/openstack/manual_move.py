"""What ``manual`` asks of a real cloud, and Nova does by itself in other moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from migrations_app.errors import Blocked
from migrations_app.integrations.adapters.openstack import http_errors, parsing
from migrations_app.integrations.adapters.openstack.hosts import ComputeHosts
from migrations_app.integrations.adapters.openstack.placement import Placement
from migrations_app.integrations.adapters.openstack.session import Wire
from migrations_app.integrations.interfaces import Attachment


class ByHand:
    """One part of ``interfaces.Cloud``; see there for what each method says."""

    name: str
    _wire: Wire
    _placement: Placement
    _hosts: ComputeHosts

    def attachments(self, server_id: str) -> list[Attachment]:
        path = f"/servers/{quote(server_id, safe='')}/os-volume_attachments"
        with http_errors.sense(self.name, "compute"):
            found = self._nova("GET", path, server_id)["volumeAttachments"]
            root = self._nova("GET", f"/servers/{server_id}", server_id)["server"]
            device = root.get("OS-EXT-SRV-ATTR:root_device_name")
            made = [parsing.attachment(it, root=device) for it in found]
        return sorted(made, key=lambda it: (len(it.device), it.device))

    def console_lines(self, server_id: str, count: int) -> str:
        body = {"os-getConsoleOutput": {"length": count}}
        with http_errors.sense(self.name, "compute"):
            return str(self._do(server_id, body)["output"] or "")

    def console_url(self, server_id: str) -> str:
        path = f"/servers/{quote(server_id, safe='')}/remote-consoles"
        body = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
        with http_errors.sense(self.name, "compute"):
            answer = self._nova("POST", path, server_id, json=body)
            return str(answer["remote_console"]["url"])

    def lock(self, server_id: str, reason: str) -> None:
        self._do(server_id, {"lock": {"locked_reason": reason}})

    def unlock(self, server_id: str) -> None:
        self._do(server_id, {"unlock": None})

    def detach_volume(self, server_id: str, volume_id: str) -> None:
        self._wire.freshen()
        path = f"/servers/{quote(server_id, safe='')}/os-volume_attachments"
        self._nova("DELETE", f"{path}/{quote(volume_id, safe='')}", server_id)

    def attach_volume(self, server_id: str, attachment: Attachment) -> None:
        self._wire.freshen()
        it: dict[str, Any] = {
            "volumeId": attachment.volume_id,
            "device": attachment.device,
        }
        if attachment.tag:
            it["tag"] = attachment.tag  # since 2.49
        if attachment.delete_on_termination:
            it["delete_on_termination"] = True  # since 2.79
        path = f"/servers/{quote(server_id, safe='')}/os-volume_attachments"
        self._nova("POST", path, server_id, json={"volumeAttachment": it})

    def charge(self, server_id: str, shares: Mapping[str, Mapping[str, int]]) -> None:
        with http_errors.sense(self.name, "placement"):
            wanted = {}
            for host, amounts in shares.items():
                provider = self._hosts.provider_of(host)
                if provider is None:
                    raise Blocked(f"Placement of cloud {self.name} knows no {host}.")
                wanted[provider] = dict(amounts)
            self._placement.charge(
                server_id, wanted, owner=lambda: self._owner(server_id)
            )

    def _owner(self, server_id: str) -> dict[str, str]:
        path = f"/servers/{quote(server_id, safe='')}"
        server = self._nova("GET", path, server_id)["server"]
        return {"project_id": server["tenant_id"], "user_id": server["user_id"]}

    def bind_port(self, port_id: str, host: str, *, zone: str | None = None) -> None:
        path = f"/ports/{quote(port_id, safe='')}"
        gone = f"Port {port_id} does not exist in cloud {self.name} (any more)."
        port: dict[str, Any] = {"binding:host_id": host}
        if zone is not None:
            # as nova/network/neutron.py, _update_port_binding_for_instance
            port["device_owner"] = f"compute:{zone}"
        self._wire.ask("network", "PUT", path, gone=gone, json={"port": port})

    def _nova(self, method: str, path: str, server_id: str, **options: Any) -> Any:
        gone = (
            f"Instance {server_id} does not exist in cloud {self.name} (any more), or"
            " a volume of it does not."
        )
        return self._wire.ask("compute", method, path, gone=gone, **options)

    def _do(self, server_id: str, body: dict[str, Any]) -> Any:
        path = f"/servers/{quote(server_id, safe='')}/action"
        return self._nova("POST", path, server_id, json=body)

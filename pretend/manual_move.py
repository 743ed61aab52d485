"""What ``manual`` asks of the pretend cloud, and what Nova checks before it obeys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from migrations_app.errors import Blocked, Gone
from migrations_app.integrations.interfaces import Attachment
from pretend.commands import ME, Asks
from pretend.parsing import attachments
from pretend.records import fit, stocks


class ByHand(Asks):
    """One part of ``interfaces.Cloud``. See there for what each method says."""

    def attachments(self, server_id: str) -> list[Attachment]:
        with self._call("attachments", server_id):
            found = attachments(self._find(server_id))
        return sorted(found, key=lambda it: it.device)

    def console_lines(self, server_id: str, count: int) -> str:
        with self._call("console_lines", server_id):
            server = self._find(server_id)
        lines = [f"{server['name']} login:", "", "up"] if server["power_state"] else []
        return "\n".join(lines[-count:])

    def console_url(self, server_id: str) -> str:
        with self._call("console_url", server_id):
            self._must(self._find(server_id), "get console of", "active")
        return f"http://127.0.0.1:6080/vnc_lite.html?path=%3Ftoken%3D{server_id}"

    def lock(self, server_id: str, reason: str) -> None:
        with self._ask("lock", server_id) as at:
            server = self._find(server_id)
            self._nova.change(server, at, locked=True, locked_reason=reason)
            self._nova.act("lock", server, ME, at)

    def unlock(self, server_id: str) -> None:
        with self._ask("unlock", server_id) as at:
            server = self._find(server_id)
            self._nova.change(server, at, locked=False, locked_reason=None)
            self._nova.act("unlock", server, ME, at)

    def detach_volume(self, server_id: str, volume_id: str) -> None:
        with self._ask("detach_volume", server_id) as at:
            server = self._find(server_id)
            self._must(server, "detach_volume", "active", "stopped", "paused")
            if volume_id not in json.loads(server["volumes"]):
                raise Gone(f"Volume {volume_id} is not attached to {server_id}.")
            self._nova.act("detach_volume", server, ME, at)
            pause = self._nova.pause()
            self._nova.after(pause, "detached", server, volume_id=volume_id)

    def attach_volume(self, server_id: str, attachment: Attachment) -> None:
        with self._ask("attach_volume", server_id) as at:
            server = self._find(server_id)
            self._must(server, "attach_volume", "active", "stopped", "paused")
            if attachment.volume_id in json.loads(server["volumes"]):
                raise Blocked(
                    "Nova will not do this (400): Invalid volume: volume"
                    f" {attachment.volume_id} already attached"
                )
            self._nova.act("attach_volume", server, ME, at)
            pause = self._nova.pause()
            self._nova.after(pause, "attached", server, volume=asdict(attachment))

    def charge(self, server_id: str, shares: Mapping[str, Mapping[str, int]]) -> None:
        with self._ask("charge", server_id):
            self._find(server_id)
            held = self._held(server_id)
            for host, amounts in shares.items():
                if host not in held:
                    self._must_have_room(host, dict(amounts))
            self._nova.release(server_id)
            for host, amounts in shares.items():
                for resource, amount in amounts.items():
                    self._store.run(
                        "INSERT INTO allocations VALUES (?, ?, ?, ?)",
                        *(server_id, host, resource, amount),
                    )

    def _held(self, server_id: str) -> set[str]:
        sql = "SELECT DISTINCT host FROM allocations WHERE consumer = ?"
        return {row["host"] for row in self._store.rows(sql, server_id)}

    def _must_have_room(self, host: str, amounts: dict[str, int]) -> None:
        row = self._store.row("SELECT * FROM hosts WHERE host = ?", host)
        if row is None:
            raise Blocked(f"Placement of cloud {self.name} knows no {host}.")
        if not fit(amounts, stocks(row["inventory"], self._nova.used(host))):
            raise Blocked(
                "Placement cannot do this now (409): Unable to allocate inventory on"
                f" {host}."
            )

    def bind_port(self, port_id: str, host: str, *, zone: str | None = None) -> None:
        with self._ask("bind_port", port_id):
            if self._store.row("SELECT 1 FROM ports WHERE id = ?", port_id) is None:
                raise Gone(f"Port {port_id} does not exist in cloud {self.name}.")
            self._store.run("UPDATE ports SET host = ? WHERE id = ?", host, port_id)

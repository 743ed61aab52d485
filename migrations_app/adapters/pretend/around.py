"""What the pretend cloud says of a server's surroundings: volumes, agents, …"""

from __future__ import annotations

from migrations_app.adapters.pretend import values
from migrations_app.adapters.pretend.by_hand import ByHand
from migrations_app.ports import Agent, Migration, Server, Volume


class Around(ByHand):
    """One part of ``ports.Cloud``. See there for what each method says."""

    def release(self) -> tuple[int, int] | None:
        with self._call("release"):
            found = int(self._store.setting("release"))
        return (found, found) if found else None

    def under_way(self) -> list[Migration]:
        with self._call("under_way"):
            rows = self._store.rows(
                "SELECT * FROM migrations WHERE status NOT IN ('completed',"
                " 'confirmed', 'reverted', 'failed', 'error', 'cancelled', 'done')"
                " ORDER BY id DESC"
            )
        return [values.migration(row) for row in rows]

    def volumes(self, server: Server) -> list[Volume]:
        with self._call("volumes", server.id):
            return [Volume(each, "in-use", "nova") for each in server.volumes]

    def shares(self, server_id: str) -> list[str]:
        with self._call("shares", server_id):
            self._find(server_id)
        return []

    def network_agents(self, host: str) -> list[Agent]:
        with self._call("network_agents", host):
            row = self._store.row("SELECT * FROM hosts WHERE host = ?", host)
        return [Agent("Open vSwitch agent", host, alive=True)] if row else []

    def has_image(self, image_id: str) -> bool:
        with self._call("has_image", image_id):
            return True

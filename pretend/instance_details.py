"""What the pretend cloud says of a server's surroundings: volumes, agents, …"""

from __future__ import annotations

from datetime import datetime

from migrations_app.integrations.interfaces import (
    Agent,
    Migration,
    Server,
    ServerGroup,
    Volume,
)
from pretend import parsing
from pretend.host_allocations import PretendHostAllocations
from pretend.manual_move import ByHand


class Around(ByHand, PretendHostAllocations):
    """One part of ``interfaces.Cloud``. See there for what each method says."""

    def release(self) -> tuple[int, int] | None:
        with self._call("release"):
            found = self._major()
        return (found, found) if found else None

    def _major(self) -> int:
        return int(self._store.setting("release"))

    def under_way(self) -> list[Migration]:
        with self._call("under_way"):
            made = self._records()
        return [each for each in made if not each.over]

    def moves(self, *, since: datetime | None = None) -> list[Migration]:
        with self._call("moves"):
            made = self._records(since.timestamp() if since else 0.0)
        return [each for each in made if since or not each.over]

    def groups(self) -> list[ServerGroup]:
        members: dict[str, list[str]] = {}
        with self._call("groups"):
            rows = self._store.rows("SELECT * FROM groups ORDER BY name")
            for row in self._store.rows(
                "SELECT id, group_id FROM servers WHERE group_id IS NOT NULL"
                " AND NOT deleted ORDER BY name"
            ):
                members.setdefault(row["group_id"], []).append(row["id"])
        return [
            ServerGroup(
                id=row["id"],
                name=row["name"],
                policy=row["policy"],
                max_per_host=row["max_per_host"],
                members=tuple(members.get(row["id"], ())),
            )
            for row in rows
        ]

    def _records(self, since: float = 0.0) -> list[Migration]:
        sql = "SELECT * FROM migrations WHERE updated_at >= ? ORDER BY id DESC"
        return [parsing.migration(row) for row in self._store.rows(sql, since)]

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

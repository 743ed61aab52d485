"""What the pretend hosts tell of live migrations: how long, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from migrations_app.errors import Blocked
from pretend.store import Store

Words = Mapping[str, str]
DOWNTIME = 82  # ms, as of a small guest between two hosts of the lab


class Told:
    """One part of the pretend hosts: the log of nova-compute, and virsh domjobinfo."""

    _store: Store

    def _compute_log(self, host: str, words: Words) -> str:
        """Print the error of a move that failed, on its source."""
        move = self._store.row(
            "SELECT m.*, spoiled_why FROM migrations m JOIN servers s"
            " ON s.id = m.server_id WHERE request_id = ? AND source = ?"
            " AND m.status IN ('failed', 'error')",
            *(words["request"], host),
        )
        if move is None or not move["spoiled_why"]:
            return "\n"
        at = datetime.fromtimestamp(move["updated_at"], UTC)
        return (
            f"{at:%Y-%m-%d %H:%M:%S}.000 126 ERROR nova.virt.libvirt.driver"
            f" [None {words['request']} admin admin - - default default]"
            f" [instance: {move['server_id']}] Live Migration failure:"
            f" {move['spoiled_why']}\n"
        )

    def _domjobinfo(self, host: str, words: Words) -> str:
        """Print the figures of the live migration that brought the guest here."""
        move = self._store.row(
            "SELECT * FROM migrations WHERE server_id = ? AND target = ?"
            " AND type = 'live-migration' AND running_since IS NOT NULL"
            " ORDER BY id DESC LIMIT 1",
            *(words["server_id"], host),
        )
        if move is None:
            raise Blocked(f"error: failed to get domain '{words['server_id']}'")
        lasted = round(1000 * (move["updated_at"] - move["running_since"]))
        return (
            "Job type:         Completed   \n"
            "Operation:        Incoming migration\n"
            f"Time elapsed:     {lasted:<12} ms\n"
            "Data processed:   76.783 MiB\n"
            f"Total downtime:   {DOWNTIME:<12} ms\n"
        )

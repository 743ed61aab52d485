"""The database of the pretend cloud's Nova."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from migrations_app.errors import Gone
from migrations_app.integrations.interfaces import InstanceRow, Place, RowMove
from pretend.host_disks import Metal
from pretend.parsing import time_of
from pretend.store import Row, Store

Call = Callable[[str, str], AbstractContextManager[None]]


class PretendNovaDb:
    """``interfaces.NovaDb`` over the pretend cloud's store."""

    def __init__(self, store: Store, metal: Metal, call: Call) -> None:
        self._store = store
        self._metal = metal
        self._call = call

    def row(self, server_id: str) -> InstanceRow:
        with self._call("db.row", server_id):
            row = self._find(server_id)
        return InstanceRow(
            place=self._place(row["host"], row["zone"]),
            vm_state=row["vm_state"],
            task_state=row["task_state"],
            power_state=row["power_state"],
            updated_at=time_of(row["updated_at"]),
        )

    def place_of(self, host: str) -> Place:
        with self._call("db.place_of", host):
            row = self._store.row("SELECT * FROM hosts WHERE host = ?", host)
        if row is None:
            raise Gone(f"Nova's database knows no compute host {host}.")
        return self._place(host, row["zone"])

    def move(self, change: RowMove) -> bool:
        with self._call("db.move", change.server_id), self._store.transaction():
            row = self._find(change.server_id)
            seen = change.statements[0].values["seen"]
            guard = (
                row["host"] == change.before.host
                and row["vm_state"] == "stopped"
                and row["task_state"] is None
                and time_of(row["updated_at"]) == seen
            )
            if not guard:
                return False
            at = self._store.now()
            self._metal.change(row, at, host=change.after.host, zone=change.after.zone)
            sql = "INSERT INTO asked (at, call, subject) VALUES (?, 'db.move', ?)"
            self._store.run(sql, at, change.server_id)
            return True

    def _find(self, server_id: str) -> Row:
        sql = "SELECT * FROM servers WHERE id = ? AND NOT deleted"
        row = self._store.row(sql, server_id)
        if row is None:
            raise Gone(f"Nova's database has no instance {server_id}.")
        return row

    def _place(self, host: str, zone: str | None) -> Place:
        sql = "SELECT rowid, node FROM hosts WHERE host = ?"
        row = self._store.row(sql, host)
        node, number = (row["node"], row["rowid"]) if row else (host, None)
        return Place(host=host, node=node, node_id=number, zone=zone)

"""What the pretend cloud holds of one host: allocations and bound ports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager

from migrations_app.integrations.interfaces.host_allocations import Binding
from pretend.store import Store


class PretendHostAllocations:
    """One part of ``interfaces.Cloud``. See there for what each method says."""

    _store: Store
    _call: Callable[..., AbstractContextManager[None]]

    def consumers(self, host: str) -> dict[str, dict[str, int]]:
        held: dict[str, dict[str, int]] = defaultdict(dict)
        with self._call("consumers", host):
            rows = self._store.rows("SELECT * FROM allocations WHERE host = ?", host)
            for row in rows:
                held[row["consumer"]][row["resource"]] = row["amount"]
        return dict(held)

    def bindings(self, host: str) -> list[Binding]:
        with self._call("bindings", host):
            rows = self._store.rows("SELECT * FROM ports WHERE host = ?", host)
        return [Binding(row["id"], row["server_id"]) for row in rows]

    def left_bindings(self, server_id: str, host: str) -> list[str]:
        with self._call("left_bindings", server_id):
            return []  # its moves leave none

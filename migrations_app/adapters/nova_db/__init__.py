"""Nova's database of one cell, over the MySQL protocol."""

from __future__ import annotations

from pathlib import Path

from migrations_app.errors import Unreachable
from migrations_app.ports import InstanceRow, Place, RowMove


class MySqlNovaDb:
    """``ports.NovaDb`` by way of a MySQL option file."""

    def __init__(self, options: Path) -> None:
        self.options = options

    def row(self, server_id: str) -> InstanceRow:
        raise Unreachable("Nova's database cannot be entered yet.")

    def place_of(self, host: str) -> Place:
        raise Unreachable("Nova's database cannot be entered yet.")

    def move(self, change: RowMove) -> bool:
        raise Unreachable("Nova's database cannot be entered yet.")

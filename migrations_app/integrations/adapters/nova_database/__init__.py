"""Nova's database of one cell, over the MySQL protocol."""

from __future__ import annotations

from migrations_app.integrations.adapters.nova_database.database import MySqlNovaDb
from migrations_app.integrations.adapters.nova_database.grants import rights_beyond

__all__ = ["MySqlNovaDb", "rights_beyond"]

"""Nova's database of one cell, over the MySQL protocol."""

from __future__ import annotations

from migrations_app.integrations.adapters.nova_database.database import MySqlNovaDb

__all__ = ["MySqlNovaDb"]

"""The SQL that tells Nova's database where an instance is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from migrations_app.integrations.interfaces import Move, Place, RowMove, Statement

# nova/db/main/models.py: compute_id since 28.0.0 (2023.2), availability_zone since
# Folsom. A row that somebody changed since it was read does not match "seen".
_SET = {
    "host": "host",
    "node": "node",
    "compute_id": "node_id",
    "availability_zone": "zone",
}


def place(fact: dict[str, Any]) -> Place:
    """Return a place that a plan has frozen."""
    return Place(**fact)


def change_to_target(move: Move, seen: datetime | None) -> RowMove:
    """Return the change that puts the instance on its target."""
    before, after = place(move.facts["before"]), place(move.facts["after"])
    return _change(move, before, after, seen)


def change_to_source(move: Move, seen: datetime | None) -> RowMove:
    """Return the change that puts the instance back on its source."""
    before, after = place(move.facts["after"]), place(move.facts["before"])
    return _change(move, before, after, seen)


def _change(move: Move, before: Place, after: Place, seen: datetime | None) -> RowMove:
    columns = {
        column: getattr(after, name)
        for column, name in _SET.items()
        if getattr(after, name) is not None
    }
    sets = ", ".join(f"{column} = %({column})s" for column in columns)
    text = (
        f"UPDATE instances SET {sets}, updated_at = UTC_TIMESTAMP()"  # noqa: S608 - columns' names
        " WHERE uuid = %(uuid)s AND host = %(old_host)s AND node = %(old_node)s"
        " AND vm_state = 'stopped' AND task_state IS NULL AND deleted = 0"
        " AND updated_at <=> %(seen)s"
    )
    values: dict[str, object] = {
        **columns,
        "uuid": move.server_id,
        "old_host": before.host,
        "old_node": before.node,
        "seen": seen,
    }
    # a console opened before would lead to the old host
    tokens = "DELETE FROM console_auth_tokens WHERE instance_uuid = %(uuid)s"
    only = {"uuid": move.server_id}
    return RowMove(
        move.server_id,
        before,
        after,
        (
            Statement(text, values, _statement_text(text, values)),
            Statement(tokens, only, _statement_text(tokens, only)),
        ),
    )


def _statement_text(text: str, values: Mapping[str, object]) -> str:
    """Return the statement as a person reads it; it is never run like this."""
    words = {
        name: str(value) if isinstance(value, int) else f"'{value}'"
        for name, value in values.items()
    }
    if values.get("seen") is None:
        words["seen"] = "(as it was read just before)"
    return text % words + ";"

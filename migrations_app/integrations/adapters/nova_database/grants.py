"""What novaweb's account in Nova's database may do, beside what it needs.

``SHOW GRANTS`` tells it without any right of its own. Its form: MariaDB 10.11 and MySQL
8 write one GRANT for each table, names in backquotes; rights of roles stand under the
role's name, and count as more than is needed, since they are not told here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from migrations_app.integrations.adapters.nova_database.transaction import Session

# Of each table what "manual" needs, as deploy/nova-db.sql gives it: for each right the
# columns, or none where it is the whole table's.
NEEDED: dict[str, dict[str, frozenset[str]]] = {
    "instances": {
        "REFERENCES": frozenset(),
        "SELECT": frozenset(
            (
                *("uuid", "host", "node", "compute_id", "availability_zone"),
                *("vm_state", "task_state", "power_state", "updated_at", "deleted"),
                "hidden",
            )
        ),
        "UPDATE": frozenset(
            ("host", "node", "compute_id", "availability_zone", "updated_at")
        ),
    },
    "instance_extra": {
        "SELECT": frozenset(
            (
                *("instance_uuid", "deleted", "numa_topology", "pci_requests"),
                *("migration_context", "resources", "vpmems"),
            )
        )
    },
    "compute_nodes": {
        "SELECT": frozenset(("id", "host", "hypervisor_hostname", "deleted"))
    },
    "pci_devices": {"SELECT": frozenset(("instance_uuid", "deleted"))},
    "migrations": {"SELECT": frozenset(("instance_uuid", "deleted", "status"))},
    "console_auth_tokens": {
        "SELECT": frozenset(("instance_uuid",)),
        "DELETE": frozenset(),
    },
}
_GRANT = re.compile(
    r"GRANT\s+(?P<rights>.+?)\s+ON\s+"
    r"(?P<where>(?:(?:PROCEDURE|FUNCTION|PACKAGE|PACKAGE BODY)\s+)?\S+)\s+TO\s",
    re.IGNORECASE | re.DOTALL,
)
_RIGHT = re.compile(r"([A-Z][A-Z ]*?)\s*(?:\(([^)]*)\))?\s*(?:,|$)", re.I)
_OPTION = re.compile(r"\sWITH\s.*GRANT OPTION|\sWITH ADMIN OPTION", re.I | re.S)


def read(statement: str) -> tuple[str, dict[str, frozenset[str]]] | None:
    """Return where a GRANT counts and each of its rights with the columns.

    None for one that gives no right on anything, as a role.
    """
    found = _GRANT.match(statement.strip())
    if found is None:
        return None
    rights: dict[str, frozenset[str]] = {}
    for name, columns in _RIGHT.findall(found["rights"]):
        word = " ".join(name.split()).upper()
        named = (each.strip(" `\n") for each in columns.split(","))
        new = frozenset(filter(None, named))
        before = rights.get(word, new)
        # once of the whole table, and of columns too: it is the whole table's
        rights[word] = before | new if before and new else frozenset()
    return found["where"].replace("`", ""), rights


def beyond(statements: Iterable[str], *, database: str) -> list[str]:
    """Return in words what the GRANTs allow beyond the need, in their order."""
    more = []
    for statement in statements:
        given = read(statement)
        if given is None:
            more.append("a role: " + _plain(statement))
            continue
        where, rights = given
        owner, _, table = where.partition(".")
        needed = NEEDED.get(table, {}) if owner == database else {}
        for right, columns in rights.items():
            if right == "USAGE":
                continue
            if extra := _extra(columns, needed.get(right)):
                more.append(f"{right}{extra.rstrip()} on {where}")
        if _OPTION.search(statement):
            more.append(f"to grant what it has on {where}")
    return more


def rights_beyond(options: Path) -> list[str]:
    """Return what the account of that option file may beyond the need.

    Raises what a Session raises: what could not be asked is not known.
    """
    with Session(options) as session:
        rows = session.ask("SHOW GRANTS")
        return beyond((str(row[0]) for row in rows), database=session.database)


def _extra(columns: frozenset[str], needed: frozenset[str] | None) -> str:
    """Return which columns are more than needed, in words; '' when none is.

    No columns mean the whole table; ``needed`` is None where nothing is needed.
    """
    if needed is None:
        return f" ({', '.join(sorted(columns))})" if columns else " "
    if not needed:
        return ""
    if not columns:
        return " (all columns)"
    return f" ({', '.join(sorted(columns - needed))})" if columns - needed else ""


def _plain(statement: str) -> str:
    """Return the beginning of a statement without what may be a password's hash."""
    return re.split(r"\sTO\s|IDENTIFIED", statement, maxsplit=1)[0][:100]

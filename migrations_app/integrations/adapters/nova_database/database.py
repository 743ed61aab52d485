"""``interfaces.NovaDb``: one connection for each call, each call one transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from migrations_app.errors import Blocked, Gone
from migrations_app.integrations.adapters.nova_database import host_bindings
from migrations_app.integrations.adapters.nova_database.transaction import Session
from migrations_app.integrations.interfaces import InstanceRow, Place, RowMove

ROW = (
    "SELECT host, node, availability_zone, vm_state, task_state, power_state,"
    " updated_at, {compute_id} FROM instances"
    " WHERE uuid = %s AND deleted = 0 AND ({hidden} IS NULL OR {hidden} = 0)"
)


class MySqlNovaDb:
    """Nova's database of one cell, by way of a MySQL option file.

    The file is read at each call: what was corrected holds without a restart.
    """

    def __init__(self, options: Path) -> None:
        self.options = options

    def row(self, server_id: str) -> InstanceRow:
        """Return the instance's row. Raises Gone when this cell has none.

        Where its compute_id is not filled yet, which Nova does in its own time after
        28.0.0, its place has that of the compute node of its host and node.
        """
        with Session(self.options) as session:
            query = ROW.format(
                compute_id="compute_id" if session.schema.compute_id else "NULL",
                hidden="hidden" if session.schema.hidden else "NULL",
            )
            rows = session.ask(query, server_id)
            if not rows:
                raise Gone(
                    f"The instance {server_id} is not in this database of Nova (any"
                    " more): it was deleted, or is in another cell."
                )
            host, node, zone, vm_state, task_state, power, updated, number = rows[0]
            if session.schema.compute_id and number is None:
                number = _number(session, host, node)
            return InstanceRow(
                place=Place(
                    host=host or "", node=node or "", node_id=number, zone=zone
                ),
                vm_state=vm_state or "",
                task_state=task_state,
                power_state=power,
                updated_at=_utc(updated),
                bound=_bound(session, server_id, task_state),
            )

    def place_of(self, host: str) -> Place:
        """Return the place that the host's one compute node is; Gone when none.

        Its zone is None: a cell's database does not know it.
        """
        with Session(self.options) as session:
            nodes = session.ask(
                "SELECT id, hypervisor_hostname FROM compute_nodes"
                " WHERE host = %s AND deleted = 0",
                host,
            )
            if not nodes:
                raise Gone(f"Nova's database knows no compute node of the host {host}.")
            if len(nodes) > 1:
                raise Blocked(
                    f"Nova's database has {len(nodes)} compute nodes of {host}: only"
                    " a person can say which of them is meant. Delete obsolete ones"
                    " (openstack compute service delete), or move it otherwise."
                )
            number, node = nodes[0]
            known = number if session.schema.compute_id else None
            return Place(host=host, node=node, node_id=known)

    def move(self, change: RowMove) -> bool:
        """Carry the change out; False when the guard let no row through.

        Then, and after any error but one, nothing was changed: when the database goes
        away or fails while it commits, Unreachable says that nobody knows.
        """
        guarded, *others = change.statements
        with Session(self.options) as session:
            if session.change(guarded) != 1:
                return False
            for statement in others:
                session.change(statement)
            session.commit(change.server_id)
        return True


def _number(session: Session, host: str | None, node: str | None) -> int | None:
    """Return compute_nodes.id of a host and node; None where there is none (left)."""
    rows = session.ask(
        "SELECT id FROM compute_nodes"
        " WHERE host = %s AND hypervisor_hostname = %s AND deleted = 0",
        host,
        node,
    )
    return rows[0][0] if rows else None


def _bound(session: Session, server_id: str, task_state: str | None) -> tuple[str, ...]:
    names = host_bindings.COLUMNS + session.schema.extra
    extra = session.ask(
        f"SELECT {', '.join(names)} FROM instance_extra"  # noqa: S608 - columns' names
        " WHERE instance_uuid = %s AND deleted = 0",
        server_id,
    )
    devices = session.ask(
        "SELECT count(*) FROM pci_devices WHERE instance_uuid = %s AND deleted = 0",
        server_id,
    )
    migrations = session.ask(
        "SELECT status FROM migrations WHERE instance_uuid = %s AND deleted = 0",
        server_id,
    )
    return host_bindings.words(
        task_state,
        dict(zip(names, extra[0], strict=True)) if extra else {},
        devices=devices[0][0],
        migrations=[status for (status,) in migrations],
    )


def _utc(moment: datetime | None) -> datetime | None:
    """Nova writes UTC without saying so."""
    return moment and moment.replace(tzinfo=UTC)

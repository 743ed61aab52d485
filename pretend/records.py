"""What the pretend cloud writes down: records, events, allocations, who is where."""

from __future__ import annotations

import json
import uuid
from typing import Any

from migrations_app.integrations.interfaces import MEMORY_MB, Flavor, Stock
from migrations_app.integrations.interfaces.resource_request import resource_request
from pretend.store import Row, Store


def stocks(inventory: str, used: dict[str, int]) -> dict[str, Stock]:
    """Return a host's stock from its inventory and what is allocated there."""
    return {
        resource: Stock(used=used.get(resource, 0), **amounts)
        for resource, amounts in json.loads(inventory).items()
    }


def resources(server: Row) -> dict[str, int]:
    """Return the server's allocation in Placement."""
    flavor = Flavor(**json.loads(server["flavor"]))
    asked = flavor.asked(by_image=bool(server["image"]), image={})
    return dict(resource_request(asked).amounts)


class Ledger:
    """The entries that several of Nova's parts make. All within a transaction."""

    def __init__(self, store: Store) -> None:
        self.store = store

    # -- servers, moves, what is due -------------------------------------------
    def server(self, move: Row) -> Row:
        """Return the server of a move."""
        sql = "SELECT * FROM servers WHERE id = ?"
        return self.store.rows(sql, move["server_id"])[0]

    def migration(self, migration_id: int | None) -> Row | None:
        """Return a migration record by its number."""
        return self.store.row("SELECT * FROM migrations WHERE id = ?", migration_id)

    def change(self, server: Row, at: float, **columns: Any) -> None:
        """Change columns of a server."""
        values = {**columns, "updated_at": at}
        self.store.update("servers", "id", server["id"], values)

    def mark(self, move: Row, at: float, status: str, **columns: Any) -> None:
        """Give a migration record its next status."""
        values = {**columns, "status": status, "updated_at": at}
        self.store.update("migrations", "id", move["id"], values)

    def after(
        self,
        seconds: float,
        what: str,
        server: Row,
        move: Row | None = None,
        *,
        since: float | None = None,
        **data: Any,
    ) -> None:
        """Have ``what`` happen some seconds after ``since`` (else: after now)."""
        begin = self.store.now() if since is None else since
        values = {
            "at": begin + seconds,
            "what": what,
            "server_id": server["id"],
            "migration_id": move["id"] if move else None,
            "data": json.dumps(data),
        }
        self.store.insert("due", values)

    def forget(self, move: Row) -> None:
        """Stop the simulated progress of a move."""
        self.store.run("DELETE FROM due WHERE migration_id = ?", move["id"])

    def pause(self) -> float:
        """Return how long Nova takes for what is quick."""
        return self.store.setting("pause")

    def record(
        self, at: float, server: Row, kind: str, status: str, request_id: str
    ) -> Row:
        """Begin a migration record and return it."""
        values = {
            "uuid": str(uuid.uuid4()),
            "server_id": server["id"],
            "type": kind,
            "status": status,
            "source": server["host"],
            "request_id": request_id,
            "vm_state": server["vm_state"],
            "created_at": at,
            "updated_at": at,
        }
        number = self.store.insert("migrations", values)
        return self.store.rows("SELECT * FROM migrations WHERE id = ?", number)[0]

    def wreck(self, at: float, server: Row, move: Row) -> None:
        """Leave the server in ERROR, where only a person helps."""
        why = server["spoiled_why"]
        self.mark(move, at, "error")
        self.fail(move)
        self.change(
            server, at, vm_state="error", task_state=None, fault=why, spoiled=None
        )

    # -- actions -----------------------------------------------------------------
    def act(self, name: str, server: Row, user: str | None, at: float) -> str:
        """Record an instance action and return its request id."""
        values = {
            "request_id": f"req-{uuid.uuid4()}",
            "server_id": server["id"],
            "name": name,
            "user_id": user,
            "started_at": at,
        }
        self.store.insert("actions", values)
        return str(values["request_id"])

    def event(
        self,
        at: float,
        move: Row,
        name: str,
        host: str | None,
        details: str | None = None,
    ) -> None:
        """Record an event of the move's action, which began when the last one ended.

        Details make it an error.
        """
        last = self.store.row(
            "SELECT max(finished_at) AS at FROM events WHERE request_id = ?",
            move["request_id"],
        )
        values = {
            "request_id": move["request_id"],
            "name": name,
            "result": "Error" if details else "Success",
            "host": host,
            "details": details,
            "started_at": (last and last["at"]) or at,
            "finished_at": at,
        }
        self.store.insert("events", values)

    def fail(self, move: Row) -> None:
        """Have the action say that something went wrong; it never says what."""
        self.store.run(
            "UPDATE actions SET message = 'Error' WHERE request_id = ?",
            move["request_id"],
        )

    # -- placement -----------------------------------------------------------------
    def charge(self, server: Row, host: str) -> None:
        """Give the server its share of a host."""
        for resource, amount in resources(server).items():
            self.store.run(
                "INSERT INTO allocations VALUES (?, ?, ?, ?)",
                *(server["id"], host, resource, amount),
            )

    def release(self, consumer: str) -> None:
        """Take all that a consumer holds."""
        self.store.run("DELETE FROM allocations WHERE consumer = ?", consumer)

    def hold(self, move: Row, server: Row, target: str) -> None:
        """Charge the target; the source's share goes to the migration record."""
        sql = "UPDATE allocations SET consumer = ? WHERE consumer = ?"
        self.store.run(sql, move["uuid"], server["id"])
        self.charge(server, target)

    def give_back(self, move: Row, server: Row) -> None:
        """Undo ``hold``."""
        self.release(server["id"])
        sql = "UPDATE allocations SET consumer = ? WHERE consumer = ?"
        self.store.run(sql, server["id"], move["uuid"])

    def used(self, host: str) -> dict[str, int]:
        """Return what is allocated on a host."""
        rows = self.store.rows(
            "SELECT resource, sum(amount) AS used FROM allocations WHERE host = ?"
            " GROUP BY resource",
            host,
        )
        return {row["resource"]: row["used"] for row in rows}

    # -- who is where ----------------------------------------------------------------
    def settle(self, at: float, server: Row, host: str) -> None:
        """Let the server and its ports be on the host."""
        found = self.store.row("SELECT zone FROM hosts WHERE host = ?", host)
        self.change(server, at, host=host, zone=found["zone"] if found else None)
        self.store.run(
            "UPDATE ports SET host = ?, status = 'ACTIVE' WHERE server_id = ?",
            *(host, server["id"]),
        )

    def is_up(self, host: str | None) -> bool:
        """Return whether the nova-compute of a host reports."""
        sql = "SELECT 1 FROM hosts WHERE host = ? AND up AND NOT forced_down"
        return self.store.row(sql, host) is not None

    def schedule(self, server: Row, wanted: str | None) -> str | None:
        """Return the host that the scheduler's filters leave; the emptiest if many."""
        hosts = self.store.rows(
            "SELECT * FROM hosts WHERE up AND enabled AND NOT forced_down"
            " AND host <> ? AND host = coalesce(?, host)"
            " AND zone = coalesce(?, zone) ORDER BY host",
            *(server["host"], wanted, server["pinned_zone"]),
        )
        best: tuple[int, str] | None = None
        for row in hosts:
            stock = stocks(row["inventory"], self.used(row["host"]))
            if not fit(resources(server), stock) or not self._grouped(server, row):
                continue
            free = stock[MEMORY_MB].free
            if best is None or free > best[0]:
                best = free, row["host"]
        return best[1] if best else None

    def _grouped(self, server: Row, host: Row) -> bool:
        sql = "SELECT * FROM groups WHERE id = ?"
        group = self.store.row(sql, server["group_id"])
        if group is None or group["policy"].startswith("soft-"):
            return True
        if group["policy"] == "affinity":
            return False  # its own host is not offered, every other breaks the rule
        others = self.store.rows(
            "SELECT DISTINCT s.id FROM servers s LEFT JOIN allocations a"
            " ON a.consumer = s.id WHERE s.group_id = ? AND s.id <> ?"
            " AND NOT s.deleted AND ? IN (s.host, a.host)",
            *(group["id"], server["id"], host["host"]),
        )
        return len(others) < int(group["max_per_host"])


def fit(wanted: dict[str, int], stock: dict[str, Stock]) -> bool:
    """Return whether every amount may still be allocated, also as one unit."""
    return all(
        resource in stock
        and amount <= stock[resource].free
        and amount <= stock[resource].max_unit
        for resource, amount in wanted.items()
    )

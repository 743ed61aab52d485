"""The pretend cloud as ``interfaces.Cloud``: what is read of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from migrations_app.errors import Gone
from migrations_app.integrations.interfaces import (
    Account,
    Action,
    Hypervisor,
    Migration,
    Port,
    Progress,
    Project,
    Server,
    ServerGroup,
    Service,
)
from pretend import parsing
from pretend.commands import ME
from pretend.hosts import PretendHosts
from pretend.instance_details import Around
from pretend.nova_database import PretendNovaDb
from pretend.records import fit, stocks

PAGE = 1000


class PretendCloud(Around):
    """``interfaces.Cloud`` over one SQLite file; each method is described there."""

    at_once = 1  # one file, and tests that say at which call something happens

    @property
    def hosts(self) -> PretendHosts:
        """Its compute hosts, as if by SSH."""
        return PretendHosts(self._store, self._nova, self._call)

    @property
    def nova_db(self) -> PretendNovaDb:
        """Its Nova's database."""
        return PretendNovaDb(self._store, self._nova, self._call)

    # -- looking -----------------------------------------------------------------
    def whoami(self) -> str:
        with self._call("whoami"):
            return ME

    def account(self) -> Account:
        with self._call("account"):
            return Account("novaweb", "admin", ("admin", "member"))

    def newest(self, service: str) -> tuple[int, int] | None:
        with self._call("newest", service):
            return {"compute": (2, 100), "placement": (1, 39)}[service]

    def server(self, server_id: str) -> Server:
        with self._call("server", server_id):
            return parsing.server(self._find(server_id), self._major())

    def servers(
        self, *, changes_since: datetime | None = None, host: str | None = None
    ) -> Iterator[Server]:
        last = ""
        since = changes_since.timestamp() if changes_since else 0.0
        while True:
            with self._call("servers"):
                release = self._major()
                rows = self._store.rows(
                    "SELECT servers.*, node FROM servers LEFT JOIN hosts USING (host)"
                    " WHERE servers.id > ? AND servers.updated_at >= ?"
                    " AND (? OR NOT deleted) AND coalesce(?, servers.host, '')"
                    " = coalesce(servers.host, '') ORDER BY servers.id LIMIT ?",
                    *(last, since, changes_since is not None, host, PAGE),
                )
            for row in rows:
                yield parsing.server(row, release)
            if len(rows) < PAGE:
                return
            last = rows[-1]["id"]

    def services(self) -> list[Service]:
        with self._call("services"):
            rows = self._store.rows("SELECT * FROM hosts ORDER BY host")
        return [parsing.service(row) for row in rows]

    def all_services(self) -> list[Service]:
        with self._call("all_services"):
            rows = self._store.rows("SELECT * FROM hosts ORDER BY host")
            now = self._store.now()
        found = [parsing.service(row) for row in rows]
        found += [parsing.control(binary, now) for binary in parsing.CONTROL]
        return sorted(found, key=lambda it: (it.binary, it.host))

    def service(self, host: str) -> Service:
        with self._call("service", host):
            row = self._store.row("SELECT * FROM hosts WHERE host = ?", host)
        if row is None:
            raise Gone(f"Cloud {self.name} has no nova-compute on {host} (any more).")
        return parsing.service(row)

    def hidden_hosts(self) -> frozenset[str]:
        with self._call("hidden_hosts"):
            rows = self._store.rows(
                "SELECT host FROM hosts WHERE NOT enabled AND updated_at <= ?",
                self._store.now() - self._store.setting("trait_seconds"),
            )
        return frozenset(row["host"] for row in rows)

    def hypervisors(self) -> list[Hypervisor]:
        used: dict[str, dict[str, int]] = {}
        with self._call("hypervisors"):
            rows = self._store.rows("SELECT * FROM hosts ORDER BY host")
            for row in self._store.rows(
                "SELECT host, resource, sum(amount) AS used FROM allocations"
                " GROUP BY host, resource"
            ):
                used.setdefault(row["host"], {})[row["resource"]] = row["used"]
        return [
            parsing.hypervisor(row, stocks(row["inventory"], used.get(row["host"], {})))
            for row in rows
        ]

    def projects(self) -> list[Project]:
        with self._call("projects"):
            rows = self._store.rows("SELECT * FROM projects ORDER BY name")
        return [Project(id=row["id"], name=row["name"]) for row in rows]

    def group_of(self, server_id: str) -> ServerGroup | None:
        with self._call("group_of", server_id):
            group_id = self._find(server_id)["group_id"]
            group = self._store.row("SELECT * FROM groups WHERE id = ?", group_id)
            members = self._store.rows(
                "SELECT id, host FROM servers WHERE group_id = ? AND NOT deleted"
                " ORDER BY name",
                group_id,
            )
        return parsing.group(group, members, server_id) if group else None

    def migrations(self, server_id: str) -> list[Migration]:
        with self._call("migrations", server_id):
            rows = self._store.rows(
                "SELECT * FROM migrations WHERE server_id = ? ORDER BY id DESC",
                server_id,
            )
        return [parsing.migration(row) for row in rows]

    def progress(self, server_id: str, migration_id: int) -> Progress | None:
        with self._call("progress", server_id):
            move = self._nova.migration(migration_id)
            if move is None or move["server_id"] != server_id:
                return None
            guest = parsing.server(self._find(server_id))
            return parsing.progress(guest, move, self._store)

    def actions(self, server_id: str) -> list[Action]:
        with self._call("actions", server_id):
            rows = self._store.rows(
                "SELECT * FROM actions WHERE server_id = ? ORDER BY rowid DESC",
                server_id,
            )
            if not rows:
                self._find(server_id)
        return [parsing.action(row) for row in rows]

    def action(self, server_id: str, request_id: str) -> Action:
        with self._call("action", server_id):
            row = self._store.row(
                "SELECT * FROM actions WHERE server_id = ? AND request_id = ?",
                *(server_id, request_id),
            )
            if row is None:
                self._find(server_id)
                raise Gone(
                    f"Action {request_id} of instance {server_id} does not exist in"
                    f" cloud {self.name}."
                )
            events = self._store.rows(
                "SELECT * FROM events WHERE request_id = ? ORDER BY id", request_id
            )
        return parsing.action(row, events)

    def allocations(self, consumer_id: str) -> dict[str, dict[str, int]]:
        held: dict[str, dict[str, int]] = {}
        with self._call("allocations", consumer_id):
            for row in self._store.rows(
                "SELECT * FROM allocations WHERE consumer = ?", consumer_id
            ):
                held.setdefault(row["host"], {})[row["resource"]] = row["amount"]
        return held

    def fits(self, server: Server, host: str) -> bool | None:
        with self._call("fits", server.id):
            row = self._store.row("SELECT * FROM hosts WHERE host = ?", host)
            if row is None:
                return None
            stock = stocks(row["inventory"], self._nova.used(host))
            if not row["enabled"] or not fit(server.resources, stock):
                return False
            # which traits its hosts have is not pretended
            major = self._major() or 99
        unsure = server.request.unknown or server.request.required((major, major))[1]
        return None if unsure else True

    def ports(self, server_id: str) -> list[Port]:
        with self._call("ports", server_id):
            rows = self._store.rows(
                "SELECT * FROM ports WHERE server_id = ?", server_id
            )
        return [parsing.port(row) for row in rows]

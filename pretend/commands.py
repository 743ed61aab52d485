"""What may be asked of the pretend cloud: what Nova's API checks before it says 202."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator

from migrations_app.errors import Blocked, Conflict, Gone
from pretend.faults import Levers
from pretend.store import Row

ME = uuid.uuid5(uuid.NAMESPACE_DNS, "user.novaweb").hex


class Asks(Levers):
    """The asking half of ``interfaces.Cloud``. See there for what each method says."""

    # -- asking --------------------------------------------------------------------
    def live_migrate(
        self, server_id: str, *, host: str | None, block: bool | str = "auto"
    ) -> None:
        with self._ask("live_migrate", server_id) as at:
            server = self._find(server_id)
            self._must(server, "os-migrateLive", "active", "paused")
            self._must_know(host)
            self._nova.change(server, at, task_state="migrating")
            request = self._nova.act("live-migration", server, ME, at)
            self._nova.after(
                self._nova.pause(),
                "live_conduct",
                server,
                host=host,
                block=block,
                request_id=request,
            )

    def abort(self, server_id: str, migration_id: int) -> None:
        states = ("queued", "preparing", "running")
        verb = "abort live migration"
        with self._ask("abort", server_id) as at:
            server, move = self._moving(server_id, migration_id, verb, *states)
            self._nova.act("live_migration_cancel", server, ME, at)
            self._nova.forget(move)
            self._nova.after(self._nova.pause(), "live_cancelled", server, move)

    def force_complete(self, server_id: str, migration_id: int) -> None:
        verb = "force_complete"
        with self._ask("force_complete", server_id) as at:
            server, move = self._moving(server_id, migration_id, verb, "running")
            self._nova.act("live_migration_force_complete", server, ME, at)
            self._nova.forget(move)
            self._nova.after(self._nova.pause(), "live_landed", server, move)

    def migrate(self, server_id: str, *, host: str | None) -> None:
        with self._ask("migrate", server_id) as at:
            server = self._find(server_id)
            self._must(server, "migrate", "active", "stopped")
            self._must_know(host)
            if host == server["host"]:
                raise Blocked(
                    "Nova will not do this (400): Cannot migrate to the host where"
                    " the server exists."
                )
            self._must_be_up(server["host"])
            self._nova.change(server, at, task_state="resize_prep")
            request = self._nova.act("migrate", server, ME, at)
            self._nova.after(
                self._nova.pause(),
                "cold_conduct",
                server,
                host=host,
                request_id=request,
            )

    def confirm(self, server_id: str) -> None:
        with self._ask("confirm", server_id) as at:
            server, move = self._resized(server_id, "confirmResize")
            self._must_be_up(move["source"])
            self._nova.mark(move, at, "confirming")
            self._nova.act("confirmResize", server, ME, at)
            self._nova.forget(move)
            self._nova.after(self._nova.pause(), "confirmed", server, move)

    def revert(self, server_id: str) -> None:
        with self._ask("revert", server_id) as at:
            server, move = self._resized(server_id, "revertResize")
            self._nova.mark(move, at, "reverting")
            self._nova.change(server, at, task_state="resize_reverting")
            self._nova.act("revertResize", server, ME, at)
            self._nova.forget(move)
            self._nova.after(self._nova.pause(), "reverted", server, move)

    def stop(self, server_id: str) -> None:
        with self._ask("stop", server_id) as at:
            server = self._find(server_id)
            self._must(server, "stop", "active", "error")
            self._nova.change(server, at, task_state="powering-off")
            self._nova.act("stop", server, ME, at)
            self._nova.after(self._nova.pause(), "stopped", server)

    def start(self, server_id: str) -> None:
        with self._ask("start", server_id) as at:
            server = self._find(server_id)
            self._must(server, "start", "stopped")
            self._nova.change(server, at, task_state="powering-on")
            request = self._nova.act("start", server, ME, at)
            self._nova.after(self._nova.pause(), "started", server, request_id=request)

    def set_service(
        self, service_id: str, *, enabled: bool, reason: str | None = None
    ) -> None:
        with self._ask("set_service", service_id) as at:
            sql = "SELECT * FROM hosts WHERE service_id = ?"
            row = self._store.row(sql, service_id)
            if row is None:
                raise Gone(f"Service {service_id} does not exist in cloud {self.name}.")
            if not enabled and not 1 <= len(reason or "") <= 255:
                raise Blocked(
                    "Nova will not do this (400): a service is disabled with a reason"
                    " of 1 to 255 characters."
                )
            self._store.run(
                "UPDATE hosts SET enabled = ?, disabled_reason = ?, updated_at = ?"
                " WHERE service_id = ?",
                *(enabled, None if enabled else reason, at, service_id),
            )

    # -- what Nova's API looks at first ------------------------------------------------
    @contextlib.contextmanager
    def _ask(self, call: str, subject: str) -> Iterator[float]:
        with self._call(call, subject), self._store.transaction():
            self._nova.catch_up()
            at = self._store.now()
            sql = "INSERT INTO asked (at, call, subject) VALUES (?, ?, ?)"
            self._store.run(sql, at, call, subject)
            yield at

    def _find(self, server_id: str) -> Row:
        row = self._store.row(
            "SELECT servers.*, node FROM servers LEFT JOIN hosts USING (host)"
            " WHERE servers.id = ? AND NOT deleted",
            server_id,
        )
        if row is None:
            raise Gone(
                f"Instance {server_id} does not exist in cloud {self.name} (any more)."
            )
        return row

    def _must(self, server: Row, verb: str, *states: str, task: str = "") -> None:
        wrong = None
        if server["vm_state"] not in states:
            wrong = f"vm_state {server['vm_state']}"
        elif (server["task_state"] or "") != task:
            wrong = f"task_state {server['task_state']}"
        if wrong:
            raise Conflict(
                f"Nova cannot do this now (409): Cannot '{verb}' instance"
                f" {server['id']} while it is in {wrong}"
            )

    def _must_know(self, host: str | None) -> None:
        sql = "SELECT 1 FROM hosts WHERE host = ?"
        if host is not None and self._store.row(sql, host) is None:
            raise Blocked(
                f"Nova will not do this (400): Compute host {host} could not be found."
            )

    def _must_be_up(self, host: str) -> None:
        if not self._nova.is_up(host):
            raise Conflict(
                "Nova cannot do this now (409): Service is unavailable at this time."
            )

    def _moving(
        self, server_id: str, migration_id: int, verb: str, *states: str
    ) -> tuple[Row, Row]:
        server = self._find(server_id)
        paused = ("active",) if verb == "force_complete" else ("active", "paused")
        self._must(server, verb, *paused, task="migrating")
        move = self._nova.migration(migration_id)
        if move is None or move["server_id"] != server_id:
            raise Gone(
                f"Migration {migration_id} of instance {server_id} does not exist in"
                f" cloud {self.name}."
            )
        if move["status"] not in states:
            raise Conflict(
                f"Nova cannot do this now (400): Migration {migration_id} state of"
                f" instance {server_id} is {move['status']}. Cannot {verb} while the"
                " migration is in this state."
            )
        return server, move

    def _resized(self, server_id: str, verb: str) -> tuple[Row, Row]:
        server = self._find(server_id)
        self._must(server, verb, "resized")
        move = self._store.row(
            "SELECT * FROM migrations WHERE server_id = ? AND status = 'finished'",
            server_id,
        )
        if move is None:
            raise Conflict(
                "Nova cannot do this now (400): Instance has not been resized."
            )
        return server, move

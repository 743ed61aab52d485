"""What Nova does after it has said 202: the pretend cloud's passing of time.

Every call of the pretend cloud first brings about what would have happened by now.
The order of things is Nova's (nova/conductor/tasks, nova/compute/manager.py), and so
are the words of its answers.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from pretend.host_disks import OFF, RUNNING, Metal
from pretend.parsing import attachments
from pretend.store import Row

NO_HOST = "No valid host was found. There are not enough hosts available."


class Nova(Metal):
    """Conductor and computes. Each ``_on_…`` is what is due at one moment."""

    def catch_up(self) -> None:
        """Bring about all that is due by now, in its order."""
        due = "SELECT * FROM due WHERE at <= ? ORDER BY at, id LIMIT 1"
        now = self.store.now()
        if self.store.row(due, now) is None:
            return
        with self.store.transaction():
            while thing := self.store.row(due, now):
                self.store.run("DELETE FROM due WHERE id = ?", thing["id"])
                server = self.store.row(
                    "SELECT * FROM servers WHERE id = ? AND NOT deleted",
                    thing["server_id"],
                )
                if server is None:
                    continue
                at, move = float(thing["at"]), self.migration(thing["migration_id"])
                if move is None:
                    starts = getattr(self, f"_on_{thing['what']}")
                    starts(at, server, **json.loads(thing["data"]))
                else:
                    getattr(self, f"_on_{thing['what']}")(at, server, move)

    # -- live ------------------------------------------------------------------
    def _on_live_conduct(
        self,
        at: float,
        server: Row,
        host: str | None,
        block: bool | str,
        request_id: str,
    ) -> None:
        move = self.record(at, server, "live-migration", "accepted", request_id)
        shared = bool(self.store.setting("shared_storage"))
        local = bool(server["image"] or server["config_drive"])
        copies_disk = block is True or (block == "auto" and local and not shared)
        self.mark(move, at, "accepted", block=int(copies_disk))
        why, details = None, None
        target = self.schedule(server, host)
        if not self.is_up(server["host"]):
            why = f"Compute service of {server['host']} is unavailable at this time."
        elif target is None:
            why = NO_HOST
        elif server["spoiled"] == "check":
            why, details = NO_HOST, server["spoiled_why"]
            self.change(server, at, spoiled=None)
        elif block is False and local and not shared:
            why = NO_HOST
            details = (
                f"{server['host']} is not on shared storage: Shared storage"
                " live-migration requires either shared storage or boot-from-volume"
                " with no local disks."
            )
        self.event(at, move, "conductor_live_migrate_instance", server["host"], why)
        if why is None or details:
            check = "compute_check_can_live_migrate_destination"
            self.event(at, move, check, target, details)
        if why or target is None:
            self.mark(move, at, "error")
            self.change(server, at, task_state=None)
            self.fail(move)
            return
        self.hold(move, server, target)
        self.mark(move, at, "queued", target=target)
        # Nova says so as soon as the job is queued: it is no sign of success.
        self.event(at, move, "compute_live_migration", server["host"])
        self._start_next(at, server["host"])

    def _start_next(self, at: float, source: str) -> None:
        busy = self.store.row(
            "SELECT count(*) AS n FROM migrations WHERE source = ?"
            " AND status IN ('preparing', 'running') AND type = 'live-migration'",
            source,
        )
        limit = self.store.setting("max_concurrent_live_migrations")
        free = int(limit) - (busy["n"] if busy else 0)
        for move in self.store.rows(
            "SELECT * FROM migrations WHERE source = ? AND status = 'queued'"
            " ORDER BY id LIMIT ?",
            *(source, max(0, free)),
        ):
            server = self.server(move)
            self.mark(move, at, "preparing")
            self.after(self.pause(), "live_running", server, move, since=at)

    def _on_live_running(self, at: float, server: Row, move: Row) -> None:
        self.event(at, move, "compute_pre_live_migration", move["target"])
        self.mark(move, at, "running", running_since=at)
        lasts = self.store.setting("live_seconds")
        if server["spoiled"] == "transfer":
            self.change(server, at, spoiled=None)
            self.after(lasts / 2, "live_failed", server, move, since=at)
        elif server["spoiled"] != "never":
            self.after(lasts, "live_landed", server, move, since=at)

    def _on_live_landed(self, at: float, server: Row, move: Row) -> None:
        name = "compute_post_live_migration_at_destination"
        self.settle(at, server, move["target"])
        if server["spoiled"] == "finish":
            self.event(at, move, name, move["target"], server["spoiled_why"])
            self.wreck(at, server, move)
            self._start_next(at, move["source"])
            return
        # The target lets go of the server first; the source finishes the record.
        self.event(at, move, name, move["target"])
        self.change(server, at, task_state=None, spoiled=None)
        self.after(self.pause(), "live_completed", server, move, since=at)

    def _on_live_completed(self, at: float, server: Row, move: Row) -> None:
        self.mark(move, at, "completed")
        self.release(move["uuid"])
        self._start_next(at, move["source"])

    def _on_live_failed(self, at: float, server: Row, move: Row) -> None:
        self._roll_back(at, server, move, "failed")

    def _on_live_cancelled(self, at: float, server: Row, move: Row) -> None:
        self._roll_back(at, server, move, "cancelled")

    def _roll_back(self, at: float, server: Row, move: Row, status: str) -> None:
        name = "compute_rollback_live_migration_at_destination"
        self.event(at, move, name, move["target"])
        self.give_back(move, server)
        self.mark(move, at, status)
        self.change(server, at, task_state=None)
        self._start_next(at, move["source"])

    # -- cold ------------------------------------------------------------------
    def _on_cold_conduct(
        self, at: float, server: Row, host: str | None, request_id: str
    ) -> None:
        move = self.record(at, server, "migration", "pre-migrating", request_id)
        target = self.schedule(server, host)
        why = None if target else NO_HOST
        if server["spoiled"] == "check":
            why = server["spoiled_why"]
        self.event(at, move, "cold_migrate", server["host"], why)
        if why or target is None:
            self.mark(move, at, "error")
            self.change(server, at, task_state=None, spoiled=None)
            self.fail(move)
            return
        self.hold(move, server, target)
        self.mark(move, at, "pre-migrating", target=target)
        self.event(at, move, "compute_prep_resize", target)
        self.after(self.pause(), "cold_copying", server, move, since=at)

    def _on_cold_copying(self, at: float, server: Row, move: Row) -> None:
        self.mark(move, at, "migrating")
        self.change(server, at, task_state="resize_migrating", power_state=4)
        lasts = self.store.setting("cold_seconds")
        if server["spoiled"] == "transfer":
            self.after(lasts / 2, "cold_broken", server, move, since=at)
        else:
            self.after(lasts, "cold_landed", server, move, since=at)

    def _on_cold_broken(self, at: float, server: Row, move: Row) -> None:
        name = "compute_resize_instance"
        self.event(at, move, name, move["source"], server["spoiled_why"])
        self.wreck(at, server, move)

    def _on_cold_landed(self, at: float, server: Row, move: Row) -> None:
        self.event(at, move, "compute_resize_instance", move["source"])
        self.settle(at, server, move["target"])
        self.keep(server, move["source"])
        self.mark(move, at, "post-migrating")
        self.change(server, at, task_state="resize_finish")
        self.after(self.pause(), "cold_finished", server, move, since=at)

    def _on_cold_finished(self, at: float, server: Row, move: Row) -> None:
        name = "compute_finish_resize"
        if server["spoiled"] == "finish":
            self.event(at, move, name, move["target"], server["spoiled_why"])
            self.wreck(at, server, move)
            return
        self.event(at, move, name, move["target"])
        self.mark(move, at, "finished")
        power = 1 if move["vm_state"] == "active" else 4
        self.power(server["id"], server["host"], RUNNING if power == 1 else OFF)
        self.change(server, at, vm_state="resized", task_state=None, power_state=power)
        if window := self.store.setting("resize_confirm_window"):
            self.after(window, "window_over", server, move, since=at)

    def _on_window_over(self, at: float, server: Row, move: Row) -> None:
        if move["status"] == "finished" and self.is_up(move["source"]):
            self.act("confirmResize", server, None, at)
            self.mark(move, at, "confirming")
            self.after(self.pause(), "confirmed", server, move, since=at)

    def _on_confirmed(self, at: float, server: Row, move: Row) -> None:
        self.release(move["uuid"])
        self.mark(move, at, "confirmed")
        self.drop_kept(server, move["source"])
        self.change(server, at, vm_state=move["vm_state"])

    def _on_reverted(self, at: float, server: Row, move: Row) -> None:
        self.give_back(move, server)
        self.take_back(at, server, move["source"])
        self.mark(move, at, "reverted")
        power = 1 if move["vm_state"] == "active" else 4
        self.power(server["id"], move["source"], RUNNING if power == 1 else OFF)
        state = move["vm_state"]
        self.change(server, at, vm_state=state, task_state=None, power_state=power)

    # -- power -------------------------------------------------------------------
    def _on_stopped(self, at: float, server: Row) -> None:
        self.power(server["id"], server["host"], OFF)
        self.change(server, at, vm_state="stopped", task_state=None, power_state=4)

    def _on_started(self, at: float, server: Row, request_id: str = "") -> None:
        key, host, why = server["id"], server["host"], server["spoiled_why"]
        there = self.folder(key, key, host) is not None
        if server["spoiled"] == "start" or not there:
            # nova/compute/manager.py, start_instance: 202 was said, it stays off
            why = why if there else f"No disk at /var/lib/nova/instances/{key}/disk"
            self.change(server, at, task_state=None, spoiled=None)
            self.store.insert(
                "events",
                {
                    "request_id": request_id,
                    "name": "compute_start_instance",
                    "result": "Error",
                    "host": host,
                    "details": why,
                },
            )
            return
        self.power(key, host, RUNNING)
        self.change(server, at, vm_state="active", task_state=None, power_state=1)

    # -- volumes -----------------------------------------------------------------
    def _on_detached(self, at: float, server: Row, volume_id: str) -> None:
        left = [it for it in attachments(server) if it.volume_id != volume_id]
        devices = {it.volume_id: asdict(it) for it in left}
        volumes = json.dumps(list(devices))
        self.change(server, at, volumes=volumes, devices=json.dumps(devices))

    def _on_attached(self, at: float, server: Row, volume: dict[str, object]) -> None:
        volumes = [*json.loads(server["volumes"]), volume["volume_id"]]
        devices = {**json.loads(server["devices"]), str(volume["volume_id"]): volume}
        self.change(
            server, at, volumes=json.dumps(volumes), devices=json.dumps(devices)
        )

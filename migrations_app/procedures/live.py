"""Live migration: the guest goes on running while it moves.

The operator gets: the instance on the chosen host, or on one that the scheduler
chose. Its user notices: usually a pause of well under a second. Memory is copied
while the guest runs, and so are local disks where the hosts do not share storage.
The point of no return is the hand-over itself; until then the move can be aborted
and Nova puts everything back.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from migrations_app.errors import Blocked
from migrations_app.ports import Migration, Move, Progress, Server
from migrations_app.procedures.base import Hastened, Is, It, Procedure, Step
from migrations_app.procedures.steps import trace
from migrations_app.procedures.steps.looks import (
    AllocationIsMoved,
    PortsAreBound,
    TargetTakesInstances,
    arrived,
)

DEADLINE_MINUTES = 120


class RunsOnSource(Step):
    """Verify that {name} runs, idle, on {source}."""

    def check(self, it: It) -> Is:
        server = it.cloud.server(it.move.server_id)
        match server.status, server.host:
            case (("ACTIVE" | "PAUSED"), it.move.source) if server.idle:
                return Is.DONE
            case (("ACTIVE" | "PAUSED" | "REBOOT" | "PASSWORD"), it.move.source):
                return Is.WAITING
        raise Blocked(
            f"The instance is {server.status} on {server.host}; a live migration needs"
            f" it running on {it.move.source}. Ask anew with what is so now."
        )


class MigrateLive(Hastened):
    """Nova migrates {name} live from {source} to {target}."""

    final = True
    interruptible = True

    def patience(self, move: Move) -> timedelta:
        return timedelta(minutes=move.options.get("deadline", DEADLINE_MINUTES))

    def check(self, it: It) -> Is:
        server = it.cloud.server(it.move.server_id)
        if not server.idle:
            self._show_progress(it)
            return Is.WAITING
        match server.status:
            case "ACTIVE" | "PAUSED" if arrived(it, server):
                return Is.DONE
            case "ACTIVE" | "PAUSED" if server.host == it.move.source:
                return Is.READY
            case "ACTIVE" | "PAUSED":
                raise Blocked(
                    f"The instance is on {server.host}, which is neither its source"
                    " nor its target: somebody else moved it."
                )
        raise Blocked(self._state(server))

    def mark(self, it: It) -> str:
        return trace.mark(it)

    def do(self, it: It) -> None:
        it.cloud.live_migrate(
            it.move.server_id,
            host=it.move.target,
            block=it.move.options.get("block_migration", "auto"),
        )

    def heard(self, it: It) -> bool:
        return trace.heard(it, "live-migration")

    def undo(self, it: It) -> None:
        record = self._record(it)
        if record is not None:
            it.cloud.abort(it.move.server_id, record.id)

    def undone(self, it: It) -> bool:
        server = it.cloud.server(it.move.server_id)
        if server.status == "ERROR":
            raise Blocked(self._state(server))
        return server.idle and server.host == it.move.source

    def undo_heard(self, it: It) -> bool:
        return bool(trace.actions_since(it, "live_migration_cancel"))

    def undo_patience(self, move: Move) -> timedelta:
        return timedelta(minutes=20)

    def hasten(self, it: It) -> None:
        record = self._record(it)
        if record is None:
            raise Blocked("Nova shows no running migration to force.")
        it.cloud.force_complete(it.move.server_id, record.id)

    def _record(self, it: It) -> Migration | None:
        for record in it.cloud.migrations(it.move.server_id):
            if record.type == "live-migration" and not record.over:
                return record
        return None

    def _state(self, server: Server) -> str:
        fault = f" Nova says: {server.fault}" if server.fault else ""
        return (
            f"The instance is {server.status} on {server.host}.{fault} Before anything"
            " else find out, on both hosts, where its domain runs: a hard reboot could"
            " start it twice."
        )

    def _show_progress(self, it: It) -> None:
        record = self._record(it)
        if record is None:
            return
        figures: dict[str, Any] = {"migration": record.id, "status": record.status}
        if record.status != it.shown.get("status"):
            it.say(f"Nova's migration {record.id} is {record.status}.")
        left = it.cloud.progress(it.move.server_id, record.id)
        if left is not None:
            figures |= {name: getattr(left, name) for name in left.__slots__}
            figures |= _pace(it, left)
            if figures["quarters"] > it.shown.get("quarters", 0):
                it.say(_left(left))
        it.show(figures)


def _pace(it: It, left: Progress) -> dict[str, Any]:
    """Return the low-water mark (bytes), the rate (bytes/s) and the quarters copied."""
    shown, now = it.shown, it.now.timestamp()
    copied = left.memory_processed + left.disk_processed
    total = left.memory_total + left.disk_total
    remaining = left.memory_remaining + left.disk_remaining
    pace: dict[str, Any] = {
        "copied": copied,
        "at": now,
        "rate": shown.get("rate", 0),
        # memory is copied anew when it was written to: never less than there was
        "quarters": shown.get("quarters", 0),
    }
    if copied:  # before that Nova's counters say nothing yet
        low = shown.get("low_water", left.memory_remaining)
        pace["low_water"] = min(low, left.memory_remaining)
        pace["quarters"] = max(
            pace["quarters"], 4 * (total - remaining) // max(total, 1)
        )
    seconds = now - shown.get("at", now)
    if seconds > 0 and copied > shown.get("copied", copied):
        pace["rate"] = int((copied - shown["copied"]) / seconds)
    return pace


def _left(left: Progress) -> str:
    text = (
        f"Memory: {left.memory_remaining / 2**20:,.0f} of"
        f" {left.memory_total / 2**20:,.0f} MiB left to copy"
    )
    if left.disk_total:
        text += (
            f"; disks: {left.disk_remaining / 2**20:,.0f} of"
            f" {left.disk_total / 2**20:,.0f} MiB left"
        )
    return f"{text}."


class RunsOnTarget(Step):
    """Verify that {name} runs on {target} and Nova's migration is completed."""

    def check(self, it: It) -> Is:
        server = it.cloud.server(it.move.server_id)
        if server.status not in {"ACTIVE", "PAUSED"} or not arrived(it, server):
            raise Blocked(
                f"The instance is {server.status} on {server.host}, not running on"
                f" {it.move.target or 'another host'}: look at both hosts."
            )
        records = it.cloud.migrations(it.move.server_id)
        if records and not records[0].over:
            return Is.WAITING
        if records and records[0].status != "completed":
            raise Blocked(
                f"The instance runs on {server.host}, but Nova's migration record says"
                f" “{records[0].status}”: the clean-up on {it.move.source} may have"
                " failed. Look at its nova-compute log."
            )
        it.show({"host": server.host})
        it.say(f"It runs on {server.host}.")
        return Is.DONE


class Live(Procedure):
    """Move a running instance without stopping it."""

    name = "live"
    title = "Live migration"
    keeps_running = True
    steps = (
        RunsOnSource(),
        TargetTakesInstances(),
        MigrateLive(),
        RunsOnTarget(),
        PortsAreBound(),
        AllocationIsMoved(),
    )

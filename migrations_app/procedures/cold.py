"""Cold migration: the guest is shut down, its disks are copied, it starts elsewhere.

The operator gets: the instance on the chosen host, or on one that the scheduler
chose. Its user notices a regular shutdown and, when the disks are copied, a boot. A
stopped instance stays stopped. Until the confirmation Nova keeps the old disks on the
source, and the way back is a revert; the confirmation is the point of no return.
"""

from __future__ import annotations

from datetime import timedelta

from migrations_app.errors import Blocked
from migrations_app.integrations.interfaces import Move, Server
from migrations_app.procedures.base import Act, Is, It, Procedure, Step
from migrations_app.procedures.expected_state import Expected, unconfirmed
from migrations_app.procedures.expected_state import arrived as arrived_there
from migrations_app.procedures.steps import downtime
from migrations_app.procedures.steps import nova_requests as trace
from migrations_app.procedures.steps.verify import (
    AllocationIsMoved,
    PortsAreBound,
    TargetTakesInstances,
    arrived,
)

DEADLINE_MINUTES = 240
AT_REST = ("ACTIVE", "SHUTOFF")


def lost(server: Server) -> Blocked:
    """Return why nothing can be done about the instance but by a person."""
    fault = f" Nova says: {server.fault}" if server.fault else ""
    return Blocked(
        f"The instance is {server.status} on {server.host}.{fault} Look at its disks"
        " on both hosts before you reset its state or start it."
    )


class RestsOnSource(Step):
    """Verify that {name} is running or stopped, and idle, on {source}."""

    def check(self, it: It) -> Is:
        server = it.cloud.server(it.move.server_id)
        if server.status in AT_REST and server.host == it.move.source:
            return Is.DONE if server.idle else Is.WAITING
        raise Blocked(
            f"The instance is {server.status} on {server.host}; a cold migration needs"
            f" it running or stopped on {it.move.source}. Ask anew with what is so now."
        )


class MigrateCold(Act):
    """Nova shuts {name} down, copies its disks from {source} to {target} and starts
    it there as it was."""

    def patience(self, move: Move) -> timedelta:
        return timedelta(minutes=move.options.get("deadline", DEADLINE_MINUTES))

    def expects(self, move: Move, before: Expected) -> Expected:
        return unconfirmed(move, before)

    def check(self, it: It) -> Is:
        server = it.cloud.server(it.move.server_id)
        match server.status:
            case "VERIFY_RESIZE" if arrived(it, server):
                return Is.DONE if server.idle else Is.WAITING
            case "ACTIVE" | "SHUTOFF" if not server.idle:
                return Is.WAITING
            case "ACTIVE" | "SHUTOFF" if arrived(it, server):
                return Is.DONE  # Nova confirmed by itself (resize_confirm_window)
            case "ACTIVE" | "SHUTOFF" if server.host == it.move.source:
                return Is.READY
            case "RESIZE" | "REVERT_RESIZE":
                return Is.WAITING
        raise lost(server)

    def mark(self, it: It) -> str:
        return trace.mark(it)

    def do(self, it: It) -> None:
        it.cloud.migrate(it.move.server_id, host=it.move.target)

    def heard(self, it: It) -> bool:
        return trace.heard(it, "migrate")

    def undo(self, it: It) -> None:
        it.cloud.revert(it.move.server_id)

    def undo_heard(self, it: It) -> bool:
        return bool(trace.actions_since(it, "revertResize"))

    def undo_patience(self, move: Move) -> timedelta:
        # Nova reverts only what has come to rest: the copy must end first
        return self.patience(move) + super().undo_patience(move)


class WaitsOnTarget(Step):
    """Verify that {name} is on {target} and waits there for its confirmation."""

    def check(self, it: It) -> Is:
        server = it.cloud.server(it.move.server_id)
        if not arrived(it, server):
            raise Blocked(
                f"The instance is {server.status} on {server.host}, not on"
                f" {it.move.target or 'another host'}."
            )
        if not server.idle:
            return Is.WAITING
        if server.status not in {"VERIFY_RESIZE", *AT_REST}:
            raise lost(server)
        it.say(f"It is {server.status} on {server.host}.")
        return Is.DONE


class Confirm(Act):
    """Nova confirms the move and deletes the disks of {name} on {source}."""

    final = True
    reversible = False

    def patience(self, move: Move) -> timedelta:
        return timedelta(minutes=30)

    def expects(self, move: Move, before: Expected) -> Expected:
        return arrived_there(move, before, "confirmed")

    def check(self, it: It) -> Is:
        server = it.cloud.server(it.move.server_id)
        match server.status:
            case "VERIFY_RESIZE" if not arrived(it, server):
                raise lost(server)
            case "VERIFY_RESIZE":
                records = it.cloud.migrations(it.move.server_id)
                waits = server.idle and records and records[0].status == "finished"
                return Is.READY if waits else Is.WAITING
            case "ACTIVE" | "SHUTOFF" if arrived(it, server):
                return Is.DONE if server.idle else Is.WAITING
            case "ACTIVE" | "SHUTOFF":
                raise Blocked(
                    f"The instance is back on {server.host}: somebody reverted the"
                    " migration before it was confirmed."
                )
            case "REVERT_RESIZE":
                raise Blocked("Somebody is reverting the migration in Nova.")
        raise lost(server)

    def mark(self, it: It) -> str:
        return trace.mark(it)

    def do(self, it: It) -> None:
        it.cloud.confirm(it.move.server_id)

    def heard(self, it: It) -> bool:
        # Nova leaves the migration "finished" when the source is down: ask again
        newer = trace.actions_since(it, "confirmResize")
        if not newer:
            return False
        action = it.cloud.action(it.move.server_id, newer[0].request_id)
        return not any(event.result == "Error" for event in action.events)


class StaysOnTarget(Step):
    """Verify that {name} is on {target}, confirmed, and as it was: running or
    stopped."""

    def check(self, it: It) -> Is:
        server = it.cloud.server(it.move.server_id)
        if server.status not in AT_REST or not arrived(it, server):
            raise lost(server)
        records = it.cloud.migrations(it.move.server_id)
        if records and not records[0].over:
            return Is.WAITING
        it.say(f"It is {server.status} on {server.host}.")
        off = downtime.of_cold(it) if server.status == "ACTIVE" else {}
        it.show({"host": server.host, **off})
        return Is.DONE


class Cold(Procedure):
    """Stop an instance, move it, start it again."""

    name = "cold"
    title = "Cold migration"
    keeps_running = False
    steps = (
        RestsOnSource(),
        TargetTakesInstances(),
        MigrateCold(),
        WaitsOnTarget(),
        PortsAreBound(),
        Confirm(),
        StaysOnTarget(),
        AllocationIsMoved(),
    )

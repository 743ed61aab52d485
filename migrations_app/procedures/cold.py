"""Cold migration: the guest is shut down, its disks are copied, it starts elsewhere.

The operator gets: the instance on the chosen host, or on one that the scheduler
chose. Its user notices a regular shutdown and, when the disks are copied, a boot. A
stopped instance stays stopped. Until the confirmation Nova keeps the old disks on the
source, and the way back is a revert; the confirmation is the point of no return, so the
disks on both hosts are compared before it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from migrations_app.errors import Blocked
from migrations_app.integrations.interfaces import (
    Cloud,
    InsideFacts,
    Move,
    Server,
    Survey,
)
from migrations_app.procedures.base import Act, Procedure, Step, StepContext, StepStatus
from migrations_app.procedures.expected_state import (
    Expected,
    after_move,
    awaiting_confirmation,
)
from migrations_app.procedures.steps import (
    cold_storage,
    downtime,
    hung_move,
    request_trace,
)
from migrations_app.procedures.steps.kept_disks import DisksAreKept
from migrations_app.procedures.steps.verify import (
    AllocationIsMoved,
    PortsAreBound,
    TargetTakesInstances,
    arrived,
)

DEADLINE_MINUTES = 240
AT_REST = ("ACTIVE", "SHUTOFF")


def unexpected_state(server: Server) -> Blocked:
    """Return why nothing can be done about the instance but by a person."""
    fault = f" Nova says: {server.fault}" if server.fault else ""
    return Blocked(
        f"The instance is {server.status} on {server.host}.{fault} Look at its disks"
        " on both hosts before you reset its state or start it."
    )


class RestsOnSource(Step):
    """Verify that {name} is running or stopped, and idle, on {source}."""

    title = "Check instance on source"

    def looks_at(self, move: Move) -> tuple[str, ...]:
        return ("server",)

    def check(self, ctx: StepContext) -> StepStatus:
        server = ctx.cloud.server(ctx.move.server_id)
        if server.status in AT_REST and server.host == ctx.move.source:
            return StepStatus.DONE if server.idle else StepStatus.WAITING
        raise Blocked(
            f"The instance is {server.status} on {server.host}; a cold migration"
            f" needs it running or stopped on {ctx.move.source}. Request the move"
            " again with the current state."
        )


class MigrateCold(Act):
    """Nova shuts {name} down on {source} and starts it on {target} as it was."""

    title = "Migrate cold"

    def sentence(self, move: Move) -> str:
        """Say which disks are copied, too."""
        return f"{super().sentence(move)} {cold_storage.sentence(move)}"

    def timeout(self, move: Move) -> timedelta:
        return timedelta(minutes=move.options.get("deadline", DEADLINE_MINUTES))

    def expects(self, move: Move, before: Expected) -> Expected:
        return awaiting_confirmation(move, before)

    def looks_at(self, move: Move) -> tuple[str, ...]:
        return ("server", "actions", "migrations")

    def check(self, ctx: StepContext) -> StepStatus:
        server = ctx.cloud.server(ctx.move.server_id)
        if hung_move.left_behind(ctx, server, request_trace.record_of_step(ctx)):
            return StepStatus.WAITING
        match server.status:
            case "VERIFY_RESIZE" if server.idle and arrived(ctx, server):
                return StepStatus.DONE
            case "VERIFY_RESIZE" | "ACTIVE" | "SHUTOFF" if not server.idle:
                # VERIFY_RESIZE on the source, too: one that was off is stopped there
                # at the end of a revert (manager.py, _finish_revert_resize)
                return StepStatus.WAITING
            case "ACTIVE" | "SHUTOFF" if arrived(ctx, server):
                # Nova confirmed by itself (resize_confirm_window)
                return StepStatus.DONE
            case "ACTIVE" | "SHUTOFF" if server.host == ctx.move.source:
                return StepStatus.READY
            case "RESIZE" | "REVERT_RESIZE":
                return StepStatus.WAITING
        raise unexpected_state(server)

    def request_marker(self, ctx: StepContext) -> str:
        return request_trace.request_marker(ctx)

    def do(self, ctx: StepContext) -> None:
        ctx.cloud.migrate(ctx.move.server_id, host=ctx.move.target)

    def request_seen(self, ctx: StepContext) -> bool:
        return request_trace.request_seen(ctx, "migrate")

    def undo(self, ctx: StepContext) -> None:
        ctx.cloud.revert(ctx.move.server_id)

    def undo_request_seen(self, ctx: StepContext) -> bool:
        return bool(request_trace.actions_since(ctx, "revertResize"))

    def undo_timeout(self, move: Move) -> timedelta:
        # Nova reverts only what has come to rest: the copy must end first
        return self.timeout(move) + super().undo_timeout(move)


class WaitsOnTarget(Step):
    """Verify that {name} is on {target} and waits there for its confirmation."""

    title = "Wait for VERIFY_RESIZE"

    def looks_at(self, move: Move) -> tuple[str, ...]:
        return ("server",)

    def check(self, ctx: StepContext) -> StepStatus:
        server = ctx.cloud.server(ctx.move.server_id)
        if not arrived(ctx, server):
            raise Blocked(
                f"The instance is {server.status} on {server.host}, not on"
                f" {ctx.move.target or 'another host'}."
            )
        if not server.idle:
            return StepStatus.WAITING
        if server.status not in {"VERIFY_RESIZE", *AT_REST}:
            raise unexpected_state(server)
        ctx.log(f"It is {server.status} on {server.host}.")
        return StepStatus.DONE


class Confirm(Act):
    """Nova confirms the move and deletes the disks of {name} on {source}."""

    def sentence(self, move: Move) -> str:
        """Say it otherwise where the source has no disk of its own."""
        if cold_storage.nothing_to_delete(move):
            return f"Nova confirms the move of {move.server_name}: no disk is deleted."
        return super().sentence(move)

    title = "Confirm migration"
    final = True
    reversible = False

    def timeout(self, move: Move) -> timedelta:
        return timedelta(minutes=30)

    def expects(self, move: Move, before: Expected) -> Expected:
        return after_move(move, before, "confirmed")

    def looks_at(self, move: Move) -> tuple[str, ...]:
        return ("server", "actions", "migrations")

    def check(self, ctx: StepContext) -> StepStatus:
        server = ctx.cloud.server(ctx.move.server_id)
        record = request_trace.newest_record(ctx)
        if hung_move.left_behind(ctx, server, record):
            return StepStatus.WAITING
        match server.status:
            case "VERIFY_RESIZE" if not arrived(ctx, server):
                raise unexpected_state(server)
            case "VERIFY_RESIZE":
                waits = server.idle and record and record.status == "finished"
                return StepStatus.READY if waits else StepStatus.WAITING
            case "ACTIVE" | "SHUTOFF" if arrived(ctx, server):
                return StepStatus.DONE if server.idle else StepStatus.WAITING
            case "ACTIVE" | "SHUTOFF":
                raise Blocked(
                    f"The instance is back on {server.host}: somebody reverted the"
                    " migration before it was confirmed."
                )
            case "REVERT_RESIZE":
                raise Blocked("Somebody is reverting the migration in Nova.")
        raise unexpected_state(server)

    def request_marker(self, ctx: StepContext) -> str:
        return request_trace.request_marker(ctx)

    def do(self, ctx: StepContext) -> None:
        ctx.cloud.confirm(ctx.move.server_id)

    def request_seen(self, ctx: StepContext) -> bool:
        # Nova leaves the migration "finished" when the source is down: ask again
        newer = request_trace.actions_since(ctx, "confirmResize")
        if not newer:
            return False
        action = ctx.cloud.action(ctx.move.server_id, newer[0].request_id)
        return not any(event.result == "Error" for event in action.events)


class StaysOnTarget(Step):
    """Verify that {name} is on {target}, confirmed, and as it was: running or
    stopped."""

    title = "Check instance on target"

    def looks_at(self, move: Move) -> tuple[str, ...]:
        return ("server", "actions", "migrations")

    def check(self, ctx: StepContext) -> StepStatus:
        server = ctx.cloud.server(ctx.move.server_id)
        if server.status not in AT_REST or not arrived(ctx, server):
            raise unexpected_state(server)
        record = request_trace.newest_record(ctx)
        if record and not record.over:
            return StepStatus.WAITING
        if record and record.status != "confirmed":
            raise Blocked(
                f"The instance is {server.status} on {server.host}, but Nova's"
                f" migration record says “{record.status}”: the clean-up on"
                f" {ctx.move.source} may have failed. Look at its nova-compute log."
            )
        ctx.log(f"It is {server.status} on {server.host}.")
        off = downtime.measure_cold(ctx) if server.status == "ACTIVE" else {}
        ctx.set_progress({"host": server.host, **off})
        return StepStatus.DONE


class Cold(Procedure):
    """Stop an instance, move it, start it again."""

    name = "cold"
    title = "Cold"
    keeps_running = False
    steps = (
        RestsOnSource(),
        TargetTakesInstances(),
        MigrateCold(),
        WaitsOnTarget(),
        PortsAreBound(),
        DisksAreKept(),
        Confirm(),
        StaysOnTarget(),
        AllocationIsMoved(),
    )

    @classmethod
    def cloud_facts(
        cls, cloud: Cloud, move: Move, *, server: Server, inside: InsideFacts
    ) -> dict[str, Any]:
        """Return its local disks, and whether there is a way to compare them."""
        disks = cold_storage.server_facts(server)
        return {**disks, "enters": inside.entered}

    @classmethod
    def survey_facts(cls, survey: Survey) -> dict[str, Any]:
        """Return whether the hosts share storage, and if that is Ceph's."""
        return cold_storage.survey_facts(survey)

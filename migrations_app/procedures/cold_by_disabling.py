"""Cold migration to a host that Nova is not told: all others are disabled for a moment.

For clouds, and accounts, that may not name the host of a cold migration. While the
others are disabled every new instance and every other move goes to the target, or
nowhere; so they are enabled again as soon as Nova has made its choice, long before the
copy is through. From there on it is an ordinary cold migration. Should Nova have chosen
another host all the same, the move is reverted.
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
from migrations_app.procedures.base import Procedure, Step, StepContext, StepStatus
from migrations_app.procedures.cold import (
    AT_REST,
    DEADLINE_MINUTES,
    Confirm,
    MigrateCold,
    RestsOnSource,
    StaysOnTarget,
    WaitsOnTarget,
    unexpected_state,
)
from migrations_app.procedures.expected_state import (
    Aspect,
    Expected,
    awaiting_confirmation,
    before_move,
)
from migrations_app.procedures.steps import cold_storage, hung_move, request_trace
from migrations_app.procedures.steps.disable_other_hosts import (
    DisableOthers,
    EnableOthers,
    OthersAreHidden,
    OthersAreOffered,
    hosts_to_disable,
    require_disabled,
)
from migrations_app.procedures.steps.kept_disks import DisksAreKept
from migrations_app.procedures.steps.verify import (
    AllocationIsMoved,
    PortsAreBound,
    TargetTakesInstances,
    arrived,
)


def _deadline(move: Move) -> timedelta:
    return timedelta(minutes=move.options.get("deadline", DEADLINE_MINUTES))


class ChosenTargetTakesInstances(TargetTakesInstances):
    """Verify that {target} is up and enabled."""

    def check(self, ctx: StepContext) -> StepStatus:
        if ctx.move.target is None:
            raise Blocked(
                "No target is chosen, so every host would be disabled: request the"
                " move again with a target, or request a cold migration."
            )
        return super().check(ctx)


class AskToMigrate(MigrateCold):
    """Nova takes {name} up for a cold migration and chooses {target}, the only host
    that it is offered."""

    title = "Start cold migration"

    def sentence(self, move: Move) -> str:
        return Step.sentence(self, move)

    def timeout(self, move: Move) -> timedelta:
        return timedelta(minutes=3)

    def expects(self, move: Move, before: Expected) -> Expected:
        taken_up = (*before[Aspect.STATUS], "RESIZE", "VERIFY_RESIZE")
        return {Aspect.STATUS: taken_up}

    def check(self, ctx: StepContext) -> StepStatus:
        server = ctx.cloud.server(ctx.move.server_id)
        record = request_trace.record_of_step(ctx)
        if hung_move.left_behind(ctx, server, record):
            return StepStatus.WAITING
        match server.status:
            case "VERIFY_RESIZE":
                return StepStatus.DONE
            case "RESIZE":
                return (
                    StepStatus.DONE if record and record.target else StepStatus.WAITING
                )
            case "REVERT_RESIZE":
                return StepStatus.WAITING
            case "ACTIVE" | "SHUTOFF" if not server.idle:
                return StepStatus.WAITING
            case "ACTIVE" | "SHUTOFF" if server.host != ctx.move.source:
                # Nova confirmed by itself (resize_confirm_window)
                return StepStatus.DONE
            case "ACTIVE" | "SHUTOFF":
                if not request_trace.actions_since(ctx, "migrate"):
                    require_disabled(ctx)
                return StepStatus.READY
        raise unexpected_state(server)

    def do(self, ctx: StepContext) -> None:
        ctx.cloud.migrate(ctx.move.server_id, host=None)

    def check_undo(self, ctx: StepContext) -> StepStatus:
        server = ctx.cloud.server(ctx.move.server_id)
        if hung_move.left_behind(ctx, server, request_trace.record_of_step(ctx)):
            return StepStatus.WAITING
        match server.status:
            case "RESIZE" | "REVERT_RESIZE":
                return StepStatus.WAITING
            case "VERIFY_RESIZE" | "ACTIVE" | "SHUTOFF" if not server.idle:
                return StepStatus.WAITING
            case "VERIFY_RESIZE":
                return StepStatus.DONE
            case "ACTIVE" | "SHUTOFF" if server.host == ctx.move.source:
                return StepStatus.READY
            case "ACTIVE" | "SHUTOFF" if arrived(ctx, server):
                return StepStatus.DONE  # confirmed already: the engine goes on
            case "ACTIVE" | "SHUTOFF":
                raise Blocked(
                    f"Nova, or somebody, confirmed the move to {server.host}, so that"
                    " it cannot be reverted. Ask for a move from there to"
                    f" {ctx.move.target}, then close this run manually."
                )
        raise unexpected_state(server)

    def undo_timeout(self, move: Move) -> timedelta:
        # Nova reverts only what has come to rest: the copy must end first
        return _deadline(move) + timedelta(hours=1)


class LandsOnTarget(Step):
    """Wait until Nova has shut {name} down on {source} and started it on {target} as
    it was."""

    title = "Wait for disk copy"

    def sentence(self, move: Move) -> str:
        """Say which disks are copied, too."""
        return f"{super().sentence(move)} {cold_storage.sentence(move)}"

    def timeout(self, move: Move) -> timedelta:
        return _deadline(move)

    def expects(self, move: Move, before: Expected) -> Expected:
        return awaiting_confirmation(move, before_move(move))

    def check(self, ctx: StepContext) -> StepStatus:
        server = ctx.cloud.server(ctx.move.server_id)
        if server.status not in {"RESIZE", "VERIFY_RESIZE", *AT_REST}:
            raise unexpected_state(server)
        record = request_trace.newest_record(ctx)
        if hung_move.left_behind(ctx, server, record):
            return StepStatus.WAITING
        if server.status in {"VERIFY_RESIZE", *AT_REST} and arrived(ctx, server):
            return StepStatus.DONE if server.idle else StepStatus.WAITING
        if server.idle and server.status in AT_REST:
            raise Blocked(self._failure_sentence(ctx, server))
        chosen = record.target if record else None
        if chosen and chosen != ctx.move.target:
            raise Blocked(
                f"Nova chose {chosen} instead of {ctx.move.target}: somebody must have"
                " enabled it at the wrong moment. The move is reverted."
            )
        return StepStatus.WAITING

    def _failure_sentence(self, ctx: StepContext, server: Server) -> str:
        asked = [a for a in ctx.cloud.actions(server.id) if a.name == "migrate"]
        why = request_trace.event_errors(ctx, asked[0]) if asked else ""
        where = f"the instance is {server.status} on {server.host}."
        return f"Nova aborted the move; {where} {why}".strip()


class ColdByDisabling(Procedure):
    """Disable all hosts but the target for a moment, so that a cold migration goes
    there."""

    name = "cold_by_disabling"
    title = "Cold, forced target"
    keeps_running = False
    steps = (
        RestsOnSource(),
        ChosenTargetTakesInstances(),
        DisableOthers(),
        OthersAreHidden(),
        AskToMigrate(),
        EnableOthers(),
        LandsOnTarget(),
        WaitsOnTarget(),
        PortsAreBound(),
        DisksAreKept(),
        Confirm(),
        StaysOnTarget(),
        AllocationIsMoved(),
        OthersAreOffered(),
    )

    @classmethod
    def cloud_facts(
        cls, cloud: Cloud, move: Move, *, server: Server, inside: InsideFacts
    ) -> dict[str, Any]:
        """Return the hosts to disable, its local disks, and if they are compared."""
        others = hosts_to_disable(cloud, move)
        disks = cold_storage.server_facts(server)
        return {"others": others, **disks, "enters": inside.entered}

    @classmethod
    def survey_facts(cls, survey: Survey) -> dict[str, Any]:
        """Return whether the hosts share storage, and if that is Ceph's."""
        return cold_storage.survey_facts(survey)

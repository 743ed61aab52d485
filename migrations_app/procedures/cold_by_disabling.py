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
from migrations_app.integrations.interfaces import Move, Server, World
from migrations_app.procedures.base import Is, It, Procedure, Step
from migrations_app.procedures.cold import (
    AT_REST,
    DEADLINE_MINUTES,
    Confirm,
    MigrateCold,
    RestsOnSource,
    StaysOnTarget,
    WaitsOnTarget,
    lost,
)
from migrations_app.procedures.expected_state import (
    Expected,
    Thing,
    at_rest,
    unconfirmed,
)
from migrations_app.procedures.steps import nova_requests as trace
from migrations_app.procedures.steps.disable_other_hosts import (
    DisableOthers,
    EnableOthers,
    OthersAreHidden,
    OthersAreOffered,
    expect_disabled,
    others,
)
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

    def check(self, it: It) -> Is:
        if it.move.target is None:
            raise Blocked(
                "No target is chosen, so no host is to be left enabled: ask anew with a"
                " target, or for a cold migration."
            )
        return super().check(it)


class AskToMigrate(MigrateCold):
    """Nova takes {name} up for a cold migration and chooses {target}, the only host
    that it is offered."""

    def patience(self, move: Move) -> timedelta:
        return timedelta(minutes=3)

    def expects(self, move: Move, before: Expected) -> Expected:
        taken_up = (*before[Thing.STATUS], "RESIZE", "VERIFY_RESIZE")
        return {Thing.STATUS: taken_up}

    def check(self, it: It) -> Is:
        server = it.cloud.server(it.move.server_id)
        match server.status:
            case "VERIFY_RESIZE":
                return Is.DONE
            case "RESIZE":
                record = trace.record_since(it)
                return Is.DONE if record and record.target else Is.WAITING
            case "REVERT_RESIZE":
                return Is.WAITING
            case "ACTIVE" | "SHUTOFF" if not server.idle:
                return Is.WAITING
            case "ACTIVE" | "SHUTOFF" if server.host != it.move.source:
                return Is.DONE  # Nova confirmed by itself (resize_confirm_window)
            case "ACTIVE" | "SHUTOFF":
                if not trace.actions_since(it, "migrate"):
                    expect_disabled(it)
                return Is.READY
        raise lost(server)

    def do(self, it: It) -> None:
        it.cloud.migrate(it.move.server_id, host=None)

    def standing(self, it: It) -> Is:
        server = it.cloud.server(it.move.server_id)
        match server.status:
            case "RESIZE" | "REVERT_RESIZE":
                return Is.WAITING
            case "VERIFY_RESIZE" | "ACTIVE" | "SHUTOFF" if not server.idle:
                return Is.WAITING
            case "VERIFY_RESIZE":
                return Is.DONE
            case "ACTIVE" | "SHUTOFF" if server.host == it.move.source:
                return Is.READY
            case "ACTIVE" | "SHUTOFF" if arrived(it, server):
                return Is.DONE  # confirmed already: the engine goes on
            case "ACTIVE" | "SHUTOFF":
                raise Blocked(
                    f"Nova, or somebody, confirmed the move to {server.host}, so that"
                    f" it cannot be reverted. Ask for a move from there to"
                    f" {it.move.target}, then close this run by hand."
                )
        raise lost(server)

    def undo_patience(self, move: Move) -> timedelta:
        # Nova reverts only what has come to rest: the copy must end first
        return _deadline(move) + timedelta(hours=1)


class LandsOnTarget(Step):
    """Wait until Nova has shut {name} down, copied its disks from {source} to {target}
    and started it there as it was."""

    def patience(self, move: Move) -> timedelta:
        return _deadline(move)

    def expects(self, move: Move, before: Expected) -> Expected:
        return unconfirmed(move, at_rest(move))

    def check(self, it: It) -> Is:
        server = it.cloud.server(it.move.server_id)
        if server.status not in {"RESIZE", "VERIFY_RESIZE", *AT_REST}:
            raise lost(server)
        if server.status in {"VERIFY_RESIZE", *AT_REST} and arrived(it, server):
            return Is.DONE if server.idle else Is.WAITING
        if server.idle and server.status in AT_REST:
            raise Blocked(self._why(it, server))
        records = it.cloud.migrations(it.move.server_id)
        chosen = records[0].target if records else None
        if chosen and chosen != it.move.target:
            raise Blocked(
                f"Nova chose {chosen} instead of {it.move.target}: somebody must have"
                " enabled it at the wrong moment. The move is reverted."
            )
        return Is.WAITING

    def _why(self, it: It, server: Server) -> str:
        asked = [a for a in it.cloud.actions(server.id) if a.name == "migrate"]
        why = trace.why(it, asked[0]) if asked else ""
        where = f"the instance is {server.status} on {server.host}."
        return f"Nova gave the move up; {where} {why}".strip()


class ColdByDisabling(Procedure):
    """Disable all hosts but the target for a moment, so that a cold migration goes
    there."""

    name = "cold_by_disabling"
    title = "Cold migration with all other hosts disabled"
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
        Confirm(),
        StaysOnTarget(),
        AllocationIsMoved(),
        OthersAreOffered(),
    )

    @classmethod
    def freeze(cls, world: World, move: Move) -> dict[str, Any]:
        """Return the hosts that are to be disabled."""
        return {"others": others(world, move)}

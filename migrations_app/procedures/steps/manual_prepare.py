"""The first steps of ``manual``, before anything is copied, and the last one."""

from __future__ import annotations

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import paths
from migrations_app.integrations.host_commands.instance_files import NONE
from migrations_app.integrations.interfaces import Move, Server
from migrations_app.procedures.base import Step, StepContext, StepStatus
from migrations_app.procedures.expected_state import (
    Aspect,
    Expected,
    hosts_text,
    target_text,
)
from migrations_app.procedures.steps import manual_common
from migrations_app.procedures.steps.manual_common import IdempotentAct


class RestsThere(Step):
    """Verify that {name} runs or is off, at rest, on {source}."""

    title = "Check instance on source"

    def check(self, ctx: StepContext) -> StepStatus:
        server = manual_common.require_server_on(ctx, ctx.move.source)
        if server.status not in {"ACTIVE", "SHUTOFF"}:
            raise Blocked(
                f"The instance is {server.status}; it can be moved manually only when"
                " it is running or off. Request the move again with the current"
                " state."
            )
        return StepStatus.DONE if server.idle else StepStatus.WAITING


class TargetIsUp(Step):
    """Verify that nova-compute on {target} is up."""

    title = "Check nova-compute on target"

    def check(self, ctx: StepContext) -> StepStatus:
        for service in ctx.cloud.services():
            if service.host == ctx.move.target and service.binary == "nova-compute":
                if service.up:
                    return StepStatus.DONE
                raise Blocked(
                    f"nova-compute on {ctx.move.target} is down: bring it up, or choose"
                    " another target."
                )
        raise Blocked(
            f"Nova knows no compute host {ctx.move.target}: choose another target."
        )


class HostsAreReady(Step):
    """Verify over SSH that {source} has the domain and the folder of {name}, and no
    snapshot or saved memory of it in libvirt, and that {target} has neither."""

    title = "Check domain and instance folder"

    def expects(self, move: Move, before: Expected) -> Expected:
        return {**before, Aspect.TARGET_FOLDER: (NONE,)}

    def check(self, ctx: StepContext) -> StepStatus:
        if not paths.known(ctx.move):
            raise Blocked(
                "The hosts or Nova's database could not be read when the plan was"
                " made, or paths there hold characters that are not handled. Request"
                " it again."
            )
        here, there = (
            manual_common.look_at_source(ctx),
            manual_common.look_at_target(ctx),
        )
        if not here.folder or here.domain == NONE:
            raise Blocked(
                f"{here.host} has no {'folder' if not here.folder else 'domain'} of the"
                " instance, although Nova says that it is there. Find out where it is."
            )
        if here.kept:
            raise Blocked(
                f"libvirt on {here.host} has a {' and a '.join(here.kept)} of the"
                " instance by now, which a manual move would lose. Remove it there,"
                " then request the move again."
            )
        if there.folder:
            raise Blocked(
                f"{there.host} has a folder of the instance already. Find out what it"
                " is; if nobody needs it, move it away, then request the move again."
            )
        if there.domain != NONE:
            raise Blocked(
                f"{there.host} has a domain of the instance already ({there.domain})."
                " Two of them must never run: find out what it is before all else."
            )
        return StepStatus.DONE


class DatabaseIsReady(Step):
    """Verify, before {name} is stopped, that Nova's database can be entered, that it
    says {source}, and that nothing there ties {name} to its host."""

    title = "Check Nova database"

    def check(self, ctx: StepContext) -> StepStatus:
        now = ctx.nova_db.row(ctx.move.server_id)
        if now.place.host != ctx.move.source:
            raise Blocked(
                f"Nova's database says {now.place.host}: somebody else moved it."
            )
        if now.bound:
            raise Blocked(
                f"The instance has {', '.join(now.bound)} in Nova's database: an"
                " instance with these must not be moved manually."
            )
        return StepStatus.DONE


def locked_by_us(ctx: StepContext, server: Server) -> bool:
    """Tell whether the lock is this move's. Before 2.73 Nova does not say whose it is.

    Then a lock that was not there when the plan was made is taken for ours.
    """
    if not server.locked or ctx.move.facts["locked"]:
        return False
    return server.locked_reason is None or ctx.move.token in server.locked_reason


class Lock(IdempotentAct):
    """Nova locks {name}, so that its owner does not start it in the middle of this."""

    title = "Lock instance"

    def check(self, ctx: StepContext) -> StepStatus:
        server = manual_common.require_server_on(ctx, ctx.move.source)
        return StepStatus.DONE if server.locked else StepStatus.READY

    def do(self, ctx: StepContext) -> None:
        reason = (
            f"novaweb {ctx.move.token}: being moved to {ctx.move.target}"
            f" (request {ctx.move.number})"
        )
        ctx.cloud.lock(ctx.move.server_id, reason)

    def check_undo(self, ctx: StepContext) -> StepStatus:
        server = ctx.cloud.server(ctx.move.server_id)
        return StepStatus.DONE if locked_by_us(ctx, server) else StepStatus.READY

    def undo(self, ctx: StepContext) -> None:
        ctx.cloud.unlock(ctx.move.server_id)


class Unlock(IdempotentAct):
    """Nova unlocks {name}, unless it was locked before."""

    title = "Unlock instance"
    final = True
    reversible = False

    def check(self, ctx: StepContext) -> StepStatus:
        server = manual_common.require_server_on(ctx, ctx.move.target)
        return StepStatus.READY if locked_by_us(ctx, server) else StepStatus.DONE

    def do(self, ctx: StepContext) -> None:
        ctx.cloud.unlock(ctx.move.server_id)


class ChargeTarget(IdempotentAct):
    """Allocate {name} on {target} in Placement, beside the allocation on {source}."""

    title = "Allocate target in Placement"

    def expects(self, move: Move, before: Expected) -> Expected:
        return {**before, Aspect.ALLOCATION: (hosts_text([move.source, move.target]),)}

    def check(self, ctx: StepContext) -> StepStatus:
        held = ctx.cloud.allocations(ctx.move.server_id)
        if ctx.move.target in held:
            return StepStatus.DONE
        if set(held) == {ctx.move.source}:
            return StepStatus.READY
        raise Blocked(
            "Placement has allocations of the instance on"
            f" {', '.join(held) or 'no host'}, not only on {ctx.move.source}. Repair"
            " its allocation first."
        )

    def do(self, ctx: StepContext) -> None:
        share = ctx.cloud.allocations(ctx.move.server_id)[ctx.move.source]
        ctx.cloud.charge(
            ctx.move.server_id, {ctx.move.source: share, str(ctx.move.target): share}
        )

    def check_undo(self, ctx: StepContext) -> StepStatus:
        held = set(ctx.cloud.allocations(ctx.move.server_id))
        return StepStatus.READY if held == {ctx.move.source} else StepStatus.DONE

    def undo(self, ctx: StepContext) -> None:
        held = ctx.cloud.allocations(ctx.move.server_id)
        share = held.get(ctx.move.source) or held[str(ctx.move.target)]
        ctx.cloud.charge(ctx.move.server_id, {ctx.move.source: share})


class ReleaseSource(IdempotentAct):
    """Placement no longer charges {source} for {name}."""

    title = "Remove source allocation"
    final = True
    reversible = False

    def expects(self, move: Move, before: Expected) -> Expected:
        return {**before, Aspect.ALLOCATION: (target_text(move),)}

    def check(self, ctx: StepContext) -> StepStatus:
        held = set(ctx.cloud.allocations(ctx.move.server_id))
        if held == {ctx.move.target}:
            return StepStatus.DONE
        if held == {ctx.move.source, ctx.move.target}:
            return StepStatus.READY
        raise Blocked(
            "Placement has allocations of the instance on"
            f" {', '.join(sorted(held)) or 'no host'}. Repair the allocation, then"
            " use “Look again”."
        )

    def do(self, ctx: StepContext) -> None:
        share = ctx.cloud.allocations(ctx.move.server_id)[str(ctx.move.target)]
        ctx.cloud.charge(ctx.move.server_id, {str(ctx.move.target): share})

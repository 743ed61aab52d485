"""Steps that only look, used by more than one procedure."""

from __future__ import annotations

from migrations_app.errors import Blocked
from migrations_app.integrations.interfaces import Move, Server
from migrations_app.procedures.base import Step, StepContext, StepStatus


def target_of(ctx: StepContext, server: Server) -> str | None:
    """Return where it is to be: the chosen target, or where the scheduler put it."""
    return ctx.move.target or server.host


def arrived(ctx: StepContext, server: Server) -> bool:
    """Tell whether Nova says that the instance is where it was to go."""
    if ctx.move.target is None:
        return server.host is not None and server.host != ctx.move.source
    return server.host == ctx.move.target


def _require_on_target(ctx: StepContext) -> Server:
    server = ctx.cloud.server(ctx.move.server_id)
    if not arrived(ctx, server):
        raise Blocked(
            f"The instance is {server.status} on {server.host}, no longer on"
            f" {ctx.move.target or 'its target'}: somebody else moved it, or reverted"
            " the migration."
        )
    return server


class TargetTakesInstances(Step):
    """Verify that {target} is up and enabled."""

    title = "Check target host"

    def looks_at(self, move: Move) -> tuple[str, ...]:
        # without a chosen target it asks nothing; the look goes on
        return ("server",) if move.target is None else ("services",)

    def check(self, ctx: StepContext) -> StepStatus:
        if ctx.move.target is None:
            return StepStatus.DONE
        for service in ctx.cloud.services():
            if service.host == ctx.move.target and service.binary == "nova-compute":
                if not service.up:
                    raise Blocked(
                        f"nova-compute on {ctx.move.target} is down: bring it up, or"
                        " choose another target."
                    )
                if not service.enabled:
                    raise Blocked(
                        f"{ctx.move.target} is disabled: enable it, or choose another"
                        " target."
                    )
                return StepStatus.DONE
        raise Blocked(
            f"Nova knows no compute host {ctx.move.target}: choose another target."
        )


class PortsAreBound(Step):
    """Verify that all network ports of {name} are bound to {target}."""

    title = "Check port bindings"

    def looks_at(self, move: Move) -> tuple[str, ...]:
        return ("server", "ports")

    def check(self, ctx: StepContext) -> StepStatus:
        server = _require_on_target(ctx)
        host = target_of(ctx, server)
        ports = ctx.cloud.ports(ctx.move.server_id)
        failed = [p.id for p in ports if p.vif_type == "binding_failed"]
        if failed:
            raise Blocked(
                f"Neutron could not bind the port {failed[0]} on {host}: look at the"
                " network agent there."
            )
        return (
            StepStatus.DONE
            if all(p.host == host for p in ports)
            else StepStatus.WAITING
        )


class AllocationIsMoved(Step):
    """Verify that Placement has the allocation of {name} on {target} only."""

    title = "Check Placement allocations"

    def looks_at(self, move: Move) -> tuple[str, ...]:
        return ("server", "allocations", "migrations")

    def check(self, ctx: StepContext) -> StepStatus:
        server = _require_on_target(ctx)
        held = ctx.cloud.allocations(ctx.move.server_id)
        if set(held) != {target_of(ctx, server)}:
            return StepStatus.WAITING
        for record in ctx.cloud.migrations(ctx.move.server_id)[:1]:
            if ctx.cloud.allocations(record.uuid):
                return StepStatus.WAITING
        return StepStatus.DONE

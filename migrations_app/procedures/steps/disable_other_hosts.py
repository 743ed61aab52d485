"""Steps that hide all hosts but two from the scheduler, and offer them again.

Somebody else may enable or disable hosts at any moment, and Nova has no way to change
a service only if it is unchanged. So each is read right before it is changed; a service
that changed since the plan was made is left alone, and exactly the services with the
mark of this move are undone.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from migrations_app.errors import Blocked, Conflict, Gone, WorldError
from migrations_app.integrations.interfaces import Cloud, Move, Service
from migrations_app.procedures.base import Act, Step, StepContext, StepStatus
from migrations_app.procedures.steps.disabled_reason import (
    disabled_reason_of_move,
    is_disabled_by,
    move_token,
)

NAMED = 6  # hosts in a sentence; the others are counted


def hosts_to_disable(cloud: Cloud, move: Move) -> list[str]:
    """Return the hosts that would have to be disabled, by name.

    All that are enabled but source and target. One that another move has disabled for
    some seconds counts as enabled: it will be again.
    """
    return sorted(
        service.host
        for service in cloud.services()
        if service.host not in {move.source, move.target}
        and (service.enabled or move_token(service))
        and not service.forced_down
    )


def longest_disabling(move: Move) -> timedelta:
    """Return how long hosts may be disabled by the move, at the very most."""
    return sum(
        (step.timeout(move) for step in (DisableOthers(), OthersAreHidden())),
        start=timedelta(minutes=5),
    )


def require_disabled(ctx: StepContext) -> None:
    """Raise Blocked when somebody has enabled a host that had to stay disabled."""
    for service in _other_services(ctx):
        if service.up and service.enabled:
            raise Blocked(
                f"{service.host} was enabled by somebody while it had to be disabled:"
                " Nova could choose it. Request the move again when nobody changes"
                " services."
            )


def enable_what_we_disabled(ctx: StepContext) -> None:
    """Enable every service that carries the mark of this move, and no other.

    One that cannot be enabled keeps none of the others disabled; what was in the way
    is raised at the end.
    """
    trouble: WorldError | None = None
    for service in _services_we_disabled(ctx):
        # raises when the run is no longer ours
        ctx.set_progress({"enabling": service.host})
        try:
            if is_disabled_by(ctx.move, ctx.cloud.service(service.host)):
                ctx.cloud.set_service(service.id, enabled=True)
        except Gone:
            continue
        except WorldError as error:
            trouble = trouble or error
    if trouble is not None:
        raise trouble


def _other_services(ctx: StepContext) -> list[Service]:
    two = {ctx.move.source, ctx.move.target}
    return [each for each in ctx.cloud.services() if each.host not in two]


def _services_we_disabled(ctx: StepContext) -> list[Service]:
    return [each for each in ctx.cloud.services() if is_disabled_by(ctx.move, each)]


def _host_is_chosen(ctx: StepContext) -> bool:
    """Tell whether Nova has chosen already: then there is nothing left to hide."""
    server = ctx.cloud.server(ctx.move.server_id)
    return server.host != ctx.move.source or server.status in {
        "RESIZE",
        "VERIFY_RESIZE",
    }


def _planned_hosts(move: Move) -> list[str]:
    return list(move.facts.get("others", ()))


def _hosts_text(hosts: list[str]) -> str:
    if len(hosts) > NAMED:
        return f"{', '.join(hosts[:NAMED])} and {len(hosts) - NAMED} more"
    return ", ".join(hosts) or "none"


class DisableOthers(Act):
    """Nova disables every other host that is enabled, so that its scheduler can choose
    none but {target}: for some seconds nothing else can start or move to"""

    title = "Disable other hosts"
    undo_first = True
    synchronous = True

    def sentence(self, move: Move) -> str:
        return f"{super().sentence(move)} {_hosts_text(_planned_hosts(move))}."

    def commands(self, move: Move) -> list[str]:
        return [
            f"Nova: disable nova-compute on {host}" for host in _planned_hosts(move)
        ]

    def timeout(self, move: Move) -> timedelta:
        # Nova calls each nova-compute before it answers
        return timedelta(minutes=2, seconds=len(_planned_hosts(move)))

    def check(self, ctx: StepContext) -> StepStatus:
        if _host_is_chosen(ctx):
            return StepStatus.DONE
        return StepStatus.READY if self._to_disable(ctx) else StepStatus.DONE

    def do(self, ctx: StepContext) -> None:
        for number, host in enumerate(self._to_disable(ctx), start=1):
            # raises when the run is no longer ours: nothing more must be disabled
            ctx.set_progress({"disabling": host, "number": number})
            with suppress(Gone):
                service = ctx.cloud.service(host)
                if service.enabled and not service.forced_down:
                    reason = disabled_reason_of_move(ctx.move)
                    ctx.cloud.set_service(service.id, enabled=False, reason=reason)

    def request_seen(self, ctx: StepContext) -> bool:
        return False  # what is still enabled may be asked for again

    def check_undo(self, ctx: StepContext) -> StepStatus:
        return StepStatus.DONE if _services_we_disabled(ctx) else StepStatus.READY

    def undo(self, ctx: StepContext) -> None:
        enable_what_we_disabled(ctx)

    def _to_disable(self, ctx: StepContext) -> list[str]:
        services = _other_services(ctx)
        for each in services:
            if move_token(each) and not is_disabled_by(ctx.move, each):
                raise Conflict(
                    f"{each.host} is disabled by another move just now"
                    f" (“{each.disabled_reason}”): this one waits until it is enabled."
                )
        enabled = [
            each.host for each in services if each.enabled and not each.forced_down
        ]
        if new := sorted(set(enabled) - set(_planned_hosts(ctx.move))):
            raise Blocked(
                f"{_hosts_text(new)} was enabled after this plan was approved, so"
                " that it is no longer enough. Request it again."
            )
        return sorted(enabled)


class OthersAreHidden(Step):
    """Verify that the scheduler is offered {target} and no other host."""

    title = "Wait for COMPUTE_STATUS_DISABLED"

    def timeout(self, move: Move) -> timedelta:
        # what nova-compute could not tell placement it tells it within a minute
        return timedelta(minutes=2)

    def check(self, ctx: StepContext) -> StepStatus:
        if _host_is_chosen(ctx):
            return StepStatus.DONE
        require_disabled(ctx)
        hidden = ctx.cloud.hidden_hosts()
        offered = {
            service.host for service in _other_services(ctx) if service.up
        } - hidden
        return (
            StepStatus.WAITING
            if offered or ctx.move.target in hidden
            else StepStatus.DONE
        )


class EnableOthers(Act):
    """Nova enables again, at once and before anything is copied, the hosts that this
    move disabled, and no others."""

    title = "Enable other hosts"
    undo_first = True
    synchronous = True

    def timeout(self, move: Move) -> timedelta:
        return timedelta(minutes=30)

    def check(self, ctx: StepContext) -> StepStatus:
        return StepStatus.READY if _services_we_disabled(ctx) else StepStatus.DONE

    def do(self, ctx: StepContext) -> None:
        enable_what_we_disabled(ctx)

    def request_seen(self, ctx: StepContext) -> bool:
        return False

    def check_undo(self, ctx: StepContext) -> StepStatus:
        # the way back disables nothing: here, too, all that is ours is to be enabled
        return StepStatus.DONE if _services_we_disabled(ctx) else StepStatus.READY

    def undo(self, ctx: StepContext) -> None:
        enable_what_we_disabled(ctx)


class OthersAreOffered(Step):
    """Verify that the scheduler is offered again all hosts that were disabled."""

    title = "Check other hosts enabled"

    def check(self, ctx: StepContext) -> StepStatus:
        if _services_we_disabled(ctx):
            return StepStatus.WAITING
        known = _planned_hosts(ctx.move)
        hidden = ctx.cloud.hidden_hosts() & set(known)
        wrong = [
            each.host
            for each in ctx.cloud.services()
            if each.host in hidden and each.enabled and each.up
        ]
        return StepStatus.WAITING if wrong else StepStatus.DONE

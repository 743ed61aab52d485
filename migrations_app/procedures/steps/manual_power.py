"""The steps of ``manual`` that stop and start the guest, with its volumes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from migrations_app.errors import Blocked, Conflict
from migrations_app.integrations.interfaces import Attachment, Move
from migrations_app.procedures.base import Act, Step, StepContext, StepStatus
from migrations_app.procedures.expected_state import (
    NONE,
    Aspect,
    Expected,
    volumes_text,
)
from migrations_app.procedures.steps import manual_common, request_trace

LINES = 10  # of the console


class Stop(Act):
    """Nova shuts {name} down."""

    title = "Stop instance"

    def expects(self, move: Move, before: Expected) -> Expected:
        return {
            **before,
            Aspect.STATUS: ("SHUTOFF",),
            Aspect.POWER: ("shut down",),
            Aspect.SOURCE_DOMAIN: ("shut off",),
        }

    def check(self, ctx: StepContext) -> StepStatus:
        server = manual_common.require_server_on(ctx, ctx.move.source)
        if not server.idle:
            return StepStatus.WAITING
        match server.status:
            case "SHUTOFF":
                return StepStatus.DONE
            case "ACTIVE":
                return StepStatus.READY
        raise Blocked(f"The instance is {server.status}: it cannot be stopped.")

    def request_marker(self, ctx: StepContext) -> str:
        return request_trace.request_marker(ctx)

    def do(self, ctx: StepContext) -> None:
        ctx.cloud.stop(ctx.move.server_id)

    def request_seen(self, ctx: StepContext) -> bool:
        return request_trace.request_seen(ctx, "stop")

    def undo(self, ctx: StepContext) -> None:
        if manual_common.look_at_target(ctx).runs:
            raise Blocked(
                f"A domain of the instance is alive on {ctx.move.target}: it must not"
                " be started a second time."
            )
        ctx.cloud.start(ctx.move.server_id)

    def undo_request_seen(self, ctx: StepContext) -> bool:
        return request_trace.request_seen(ctx, "start")


class StartOnTarget(Act):
    """Nova starts {name} on {target}. From here its disks are those on {target}."""

    title = "Start instance on target"
    final = True

    def sentence(self, move: Move) -> str:
        """Say that its volumes come later: also those of an instance that is stopped
        Nova attaches to a domain (nova/virt/libvirt/driver.py, attach_volume, 34.0)."""
        volumes = (
            " Its volumes can only be attached after that: a guest that boots fast"
            " boots without them."
        )
        return super().sentence(move) + (volumes if move.facts.get("volumes") else "")

    def timeout(self, move: Move) -> timedelta:
        return timedelta(minutes=15)

    def expects(self, move: Move, before: Expected) -> Expected:
        if not move.facts.get("running"):
            return before
        return {
            **before,
            Aspect.STATUS: ("ACTIVE",),
            Aspect.POWER: ("running",),
            Aspect.TARGET_DOMAIN: ("running",),
        }

    def check(self, ctx: StepContext) -> StepStatus:
        server = manual_common.require_server_on(ctx, ctx.move.target)
        if not server.idle:
            return StepStatus.WAITING
        if server.status == "ACTIVE":
            return StepStatus.DONE
        if ctx.move.facts["running"]:
            return StepStatus.READY
        # It stays off, so this is passed when all before it is so.
        hosts = {port.host for port in ctx.cloud.ports(ctx.move.server_id)}
        return StepStatus.DONE if hosts <= {ctx.move.target} else StepStatus.WAITING

    def request_marker(self, ctx: StepContext) -> str:
        return request_trace.request_marker(ctx)

    def do(self, ctx: StepContext) -> None:
        here = manual_common.look_at_source(ctx)
        if here.runs:
            raise Blocked(
                f"The domain of the instance is {here.domain} on {here.host}, although"
                " Nova had shut it down. Two of them must never run."
            )
        ctx.cloud.start(ctx.move.server_id)

    def request_seen(self, ctx: StepContext) -> bool:
        return request_trace.request_seen(ctx, "start")

    def check_undo(self, ctx: StepContext) -> StepStatus:
        if (
            status := self.check(ctx)
        ) is StepStatus.READY and manual_common.look_at_target(ctx).written:
            raise Blocked(
                f"The guest has run on {ctx.move.target} and written to its disks"
                f" there, and returning to the disks on {ctx.move.source} would lose"
                " these writes. Start it, or decide manually."
            )
        return status

    def undo(self, ctx: StepContext) -> None:
        """Nothing: a failed start leaves nothing behind."""


def _missing_volumes(ctx: StepContext) -> list[Attachment]:
    """Return the volumes of the plan that are not attached now, in their order."""
    there = {each.volume_id for each in ctx.cloud.attachments(ctx.move.server_id)}
    planned = [Attachment(**each) for each in ctx.move.facts["volumes"]]
    return [each for each in planned if each.volume_id not in there]


def _attached_volumes(ctx: StepContext) -> list[str]:
    """Return the ids of the volumes that are attached now, but for the root."""
    now = ctx.cloud.attachments(ctx.move.server_id)
    return [each.volume_id for each in now if not each.root]


def _requests_finished(ctx: StepContext, name: str) -> bool:
    """Tell whether Nova has carried out our requests of that name; Blocked if not so.

    It lists a volume as attached before its host has connected it.
    """
    for short in request_trace.actions_since(ctx, name):
        action = ctx.cloud.action(ctx.move.server_id, short.request_id)
        if any(event.result is None for event in action.events):
            return False
        if why := request_trace.event_errors(ctx, action):
            raise Blocked(f"Nova could not do it: {why}")
    return True


@contextmanager
def _conflict_if_blocked() -> Iterator[None]:
    """Ask for one volume; one that is on its way already is no reason to go back."""
    try:
        yield
    except Blocked as error:
        raise Conflict(error.sentence) from error


def _detach(ctx: StepContext, volumes: Iterable[str]) -> None:
    for volume in volumes:
        with _conflict_if_blocked():
            ctx.cloud.detach_volume(ctx.move.server_id, volume)


def _attach(ctx: StepContext, volumes: Iterable[Attachment]) -> None:
    for volume in volumes:
        with _conflict_if_blocked():
            ctx.cloud.attach_volume(ctx.move.server_id, volume)


class DetachVolumes(Act):
    """Nova detaches the volumes of {name}, which are attached again at the end."""

    title = "Detach volumes"

    def expects(self, move: Move, before: Expected) -> Expected:
        return {**before, Aspect.VOLUMES: (NONE,)}

    def check(self, ctx: StepContext) -> StepStatus:
        manual_common.require_shut_off(ctx, ctx.move.source)
        if not _attached_volumes(ctx):
            return (
                StepStatus.DONE
                if _requests_finished(ctx, "detach_volume")
                else StepStatus.WAITING
            )
        return StepStatus.READY

    def request_marker(self, ctx: StepContext) -> str:
        return request_trace.request_marker(ctx)

    def do(self, ctx: StepContext) -> None:
        _detach(ctx, _attached_volumes(ctx))

    def request_seen(self, ctx: StepContext) -> bool:
        _requests_finished(ctx, "detach_volume")
        asked = len(request_trace.actions_since(ctx, "detach_volume"))
        return asked >= len(ctx.move.facts["volumes"])

    def check_undo(self, ctx: StepContext) -> StepStatus:
        if not _requests_finished(
            replace(ctx, request_marker=ctx.first_request_marker), "detach_volume"
        ):
            return StepStatus.WAITING
        if _missing_volumes(ctx):
            return StepStatus.DONE
        return (
            StepStatus.READY
            if _requests_finished(ctx, "attach_volume")
            else StepStatus.WAITING
        )

    def undo(self, ctx: StepContext) -> None:
        _attach(ctx, _missing_volumes(ctx))

    def undo_request_seen(self, ctx: StepContext) -> bool:
        return (
            len(request_trace.actions_since(ctx, "attach_volume"))
            >= len(_missing_volumes(ctx))
            > 0
        )


class AttachVolumes(Act):
    """Nova attaches the volumes of {name} again, in their order and as they were."""

    title = "Attach volumes"
    final = True
    reversible = False

    def expects(self, move: Move, before: Expected) -> Expected:
        volumes = volumes_text(len(move.facts.get("volumes", ())))
        return {**before, Aspect.VOLUMES: (volumes,)}

    def check(self, ctx: StepContext) -> StepStatus:
        manual_common.require_server_on(ctx, ctx.move.target)
        if _missing_volumes(ctx):
            return StepStatus.READY
        return (
            StepStatus.DONE
            if _requests_finished(ctx, "attach_volume")
            else StepStatus.WAITING
        )

    def request_marker(self, ctx: StepContext) -> str:
        return request_trace.request_marker(ctx)

    def do(self, ctx: StepContext) -> None:
        _attach(ctx, _missing_volumes(ctx))

    def request_seen(self, ctx: StepContext) -> bool:
        _requests_finished(ctx, "attach_volume")
        asked = len(request_trace.actions_since(ctx, "attach_volume"))
        return asked >= len(ctx.move.facts["volumes"])


class GuestIsThere(Step):
    """Verify over SSH that the domain of {name} is on {target} and runs nowhere else,
    and read the last lines of its console."""

    title = "Check domain and console"

    def check(self, ctx: StepContext) -> StepStatus:
        server = manual_common.require_server_on(ctx, ctx.move.target)
        here, there = (
            manual_common.look_at_source(ctx),
            manual_common.look_at_target(ctx),
        )
        if here.runs:
            raise Blocked(
                f"The domain of the instance is {here.domain} on {here.host}, beside"
                f" the one on {there.host} ({there.domain}). Only one may write to its"
                " disks: find out which is the right one and shut the other down."
            )
        if server.status == "ACTIVE":
            if not there.runs:
                return StepStatus.WAITING
            lines = ctx.cloud.console_lines(ctx.move.server_id, LINES).strip()
            ctx.log(f"The last lines of its console:\n{lines or '(nothing yet)'}")
        ctx.set_progress({"host": ctx.move.target})
        ctx.log(f"It is {server.status} on {there.host}; domain there: {there.domain}.")
        return StepStatus.DONE

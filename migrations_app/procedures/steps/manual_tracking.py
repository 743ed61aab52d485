"""The steps of ``manual`` around what a guest writes while its disks are copied.

With them the last pass, for which the guest is off, takes as long as what was written
since; how large the disks are does not matter. Whatever fails here, or is not sure,
has the last pass compare all, as ever.
"""

from __future__ import annotations

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import (
    dirty_bitmaps,
    disk_copy,
    last_pass,
    paths,
)
from migrations_app.integrations.host_commands.detached_job import Job, JobState
from migrations_app.integrations.host_commands.dirty_bitmaps import Tracking
from migrations_app.integrations.interfaces import Move
from migrations_app.procedures.base import StepContext, StepStatus
from migrations_app.procedures.steps.manual_common import CopyJob, IdempotentAct


class TrackWrites(IdempotentAct):
    """QEMU keeps track, in a dirty bitmap, of what {name} writes while it is copied."""

    title = "Enable dirty bitmaps"

    def sentence(self, move: Move) -> str:
        disks = dirty_bitmaps.tracked(move)
        if disks:
            return (
                f"{super().sentence(move).rstrip('.')}, to {' and '.join(disks)}. All"
                " else is compared as a whole once it is off; so are these, should"
                " their bitmaps be lost."
            )
        if move.options.get("bandwidth"):
            why = "the bandwidth is limited, so that rsync copies the changes"
        elif not move.facts.get("running"):
            why = f"{move.server_name} is off and writes nothing"
        else:
            why = "it has no qcow2 disk"
        return f"No disk of {move.server_name} gets a dirty bitmap: {why}."

    def commands(self, move: Move) -> list[str]:
        disks = dirty_bitmaps.tracked(move)
        if not paths.known(move) or not disks:
            return []
        # which nodes these are in QEMU is only known then
        nodes = {disk: f"node-of-{disk}" for disk in disks}
        return [f"# on {move.source}\n{dirty_bitmaps.track(move, nodes).text}"]

    def check(self, ctx: StepContext) -> StepStatus:
        if not dirty_bitmaps.tracked(ctx.move) or self._look(ctx).begun:
            return StepStatus.DONE
        return StepStatus.READY

    def do(self, ctx: StepContext) -> None:
        command = dirty_bitmaps.track(ctx.move, self._look(ctx).nodes)
        answer = ctx.hosts.run(ctx.move.source, command, timeout=dirty_bitmaps.PATIENCE)
        said = dict(line.split(" ", 1) for line in answer.splitlines() if " " in line)
        for disk in dirty_bitmaps.tracked(ctx.move):
            why = said.get(disk, "QEMU does not say that it has it open as qcow2")
            if why == "tracked":
                ctx.log(f"QEMU keeps track of what is written to {disk}.")
            else:
                ctx.log(f"{disk} has no dirty bitmap and is compared as a whole: {why}")

    def check_undo(self, ctx: StepContext) -> StepStatus:
        if not dirty_bitmaps.tracked(ctx.move):
            return StepStatus.READY
        found = self._look(ctx)
        if found.unknown:
            raise Blocked(
                f"{ctx.move.source} does not tell {found.unknown}: whether a disk still"
                f" has the dirty bitmap {dirty_bitmaps.name(ctx.move)} could not be"
                " found out. See whether libvirt and QEMU answer there, then use “Look"
                " again”."
            )
        left = found.in_qemu or found.in_files
        return StepStatus.DONE if left else StepStatus.READY

    def undo(self, ctx: StepContext) -> None:
        command = dirty_bitmaps.untrack(ctx.move, self._look(ctx))
        ctx.hosts.run(ctx.move.source, command, timeout=dirty_bitmaps.PATIENCE)

    def _look(self, ctx: StepContext) -> Tracking:
        answer = ctx.hosts.run(
            ctx.move.source,
            dirty_bitmaps.look(ctx.move),
            timeout=dirty_bitmaps.PATIENCE,
        )
        return dirty_bitmaps.read(answer, ctx.move)


class ProveCopy(CopyJob):
    """Each piece of the disks with a dirty bitmap is compared by checksum: what
    {source} still has with what {target} had before the start. Before that {source}
    forgets nothing."""

    title = "Check copied disks by checksum"
    final = True
    reversible = False
    interruptible = False

    def sentence(self, move: Move) -> str:
        if dirty_bitmaps.tracked(move):
            return super().sentence(move)
        return "Nothing: all was compared by checksum before the start."

    def job(self, move: Move) -> Job:
        return last_pass.prove(move)

    def commands(self, move: Move) -> list[str]:
        return super().commands(move) if dirty_bitmaps.tracked(move) else []

    def check(self, ctx: StepContext) -> StepStatus:
        if not dirty_bitmaps.tracked(ctx.move):
            return StepStatus.DONE  # all was compared before the start
        return super().check(ctx)

    def failure_sentence(self, ctx: StepContext, job_state: JobState) -> str:
        if job_state.status != disk_copy.DIFFERS:
            return super().failure_sentence(ctx, job_state)
        source, target = ctx.move.source, ctx.move.target
        return (
            f"{ctx.move.server_name} runs on {target} with disks that were not what"
            f" they are on {source}: {job_state.complaint}. {source} still has all of"
            f" it, in {paths.folder(ctx.move)}, and its domain. Stop the instance, find"
            " out which disks are right, and decide manually."
        )

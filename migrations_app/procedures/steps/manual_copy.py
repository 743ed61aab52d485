"""The steps of ``manual`` that bring an instance's disks to the target."""

from __future__ import annotations

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import (
    dirty_bitmaps,
    disk_copy,
    instance_folder,
    last_pass,
    paths,
)
from migrations_app.integrations.host_commands.detached_job import Job, JobIs
from migrations_app.integrations.host_commands.instance_files import NONE
from migrations_app.integrations.interfaces import Move
from migrations_app.procedures.base import StepContext, StepStatus
from migrations_app.procedures.expected_state import Aspect, Expected
from migrations_app.procedures.steps import manual_common
from migrations_app.procedures.steps.manual_common import CopyJob, IdempotentAct
from migrations_app.wording import size


class CopyBase(CopyJob):
    """{target} gets the backing files of {name} that it has not; those that it has
    are compared by size and checksum. They stay, as part of Nova's image cache."""

    title = "Copy backing files"

    def sentence(self, move: Move) -> str:
        said = super().sentence(move)
        taken = sorted(set(paths.renamed(move).values()))
        if not taken:
            return said
        return (
            f"{said} It has others under the names of {' and '.join(taken)}, which stay"
            f" as they are: the copies get names that end in -{move.token}, and the"
            f" copied disks stand on these."
        )

    def job(self, move: Move) -> Job:
        return disk_copy.base(move)

    def check(self, ctx: StepContext) -> StepStatus:
        return super().check(ctx) if ctx.move.facts["bases"] else StepStatus.DONE

    def remove_copy(self, ctx: StepContext) -> None:
        # last of all on the way back: what the copies have left on both hosts
        target = str(ctx.move.target)
        ctx.hosts.run(target, instance_folder.discard(ctx.move, target=True))
        ctx.hosts.run(ctx.move.source, instance_folder.discard(ctx.move, target=False))
        if manual_common.look_at_target(ctx).folder:
            ctx.log(
                f"{target} has a folder {paths.folder(ctx.move)} that is not of this"
                " move: it is left as it is. Look what it is."
            )

    def copy_is_removed(self, ctx: StepContext) -> bool:
        return self.job_state(ctx).stands is JobIs.ABSENT


class CopyWarm(CopyJob):
    """While {name} still runs, its folder is copied to {target}, beside its place."""

    title = "Copy disks while running"

    def job(self, move: Move) -> Job:
        return disk_copy.warm(move)

    def check(self, ctx: StepContext) -> StepStatus:
        return super().check(ctx) if ctx.move.facts["running"] else StepStatus.DONE

    def remove_copy(self, ctx: StepContext) -> None:
        discard = instance_folder.discard(ctx.move, target=True)
        ctx.hosts.run(str(ctx.move.target), discard)

    def copy_is_removed(self, ctx: StepContext) -> bool:
        return not manual_common.look_at_target(ctx).beside


class CopyRest(CopyWarm):
    """With {name} off, what has changed since is copied, and all is compared by
    checksum on both hosts."""

    title = "Copy changes, verify checksums"

    def sentence(self, move: Move) -> str:
        said = super().sentence(move)
        if not dirty_bitmaps.tracked(move):
            return said
        return (
            f"{said} Of disks with a dirty bitmap only what was written to is read and"
            f" compared now; the rest is compared once it runs on {move.target}."
        )

    def job(self, move: Move) -> Job:
        return last_pass.last(move)

    def check(self, ctx: StepContext) -> StepStatus:
        manual_common.require_shut_off(ctx, ctx.move.source)
        status = CopyJob.check(self, ctx)
        if status is StepStatus.DONE and dirty_bitmaps.tracked(ctx.move):
            for way, said in last_pass.read_ways(self.job_state(ctx)):
                ctx.log(_way_sentence(way, said))
        return status


def _way_sentence(way: str, said: str) -> str:
    if way == "compared":
        return f"All of a disk was compared: {said}."
    disk, _, copied = said.rpartition(" ")
    return (
        f"Of {disk} only what was written since was copied:"
        f" {size(int(copied)) if copied.isdecimal() else 'an unknown amount'}."
    )


class PutInPlace(IdempotentAct):
    """On {target} the copy gets its name, and owners and modes as files have there."""

    title = "Rename copy, set ownership"

    def commands(self, move: Move) -> list[str]:
        if not paths.known(move):
            return []
        return [f"# on {move.target}\n{instance_folder.place(move).text}"]

    def expects(self, move: Move, before: Expected) -> Expected:
        return {**before, Aspect.TARGET_FOLDER: ("there",)}

    def check(self, ctx: StepContext) -> StepStatus:
        there = manual_common.look_at_target(ctx)
        match there.folder, there.beside:
            case True, False:
                return StepStatus.DONE
            case False, True:
                manual_common.require_shut_off(ctx, ctx.move.source)
                return StepStatus.READY
            case True, True:
                raise Blocked(
                    f"{there.host} has a folder of the instance that is not ours. Find"
                    " out what it is; if nobody needs it, move it away."
                )
        raise Blocked(f"The copy on {there.host} is gone: somebody removed it.")

    def do(self, ctx: StepContext) -> None:
        ctx.hosts.run(str(ctx.move.target), instance_folder.place(ctx.move))

    def check_undo(self, ctx: StepContext) -> StepStatus:
        there = manual_common.look_at_target(ctx)
        if there.folder and there.beside:
            return StepStatus.READY  # what is in its place was never ours
        back = not there.folder and there.domain == NONE
        return StepStatus.READY if back else StepStatus.DONE

    def undo(self, ctx: StepContext) -> None:
        ctx.hosts.run(str(ctx.move.target), instance_folder.unplace(ctx.move))

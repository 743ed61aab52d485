"""What the steps of ``manual`` have in common: repeatable acts, jobs, the census."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import ClassVar

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import detached_job, disk_copy, paths
from migrations_app.integrations.host_commands.detached_job import Job, JobIs, JobState
from migrations_app.integrations.host_commands.instance_files import Census, census
from migrations_app.integrations.interfaces import Move, Server
from migrations_app.procedures.base import Act, StepContext, StepStatus
from migrations_app.wording import size


def look_at_source(ctx: StepContext) -> Census:
    """Return what the source has of the instance now."""
    return census(ctx.hosts, ctx.move.source, ctx.move)


def look_at_target(ctx: StepContext) -> Census:
    """Return what the target has of the instance now."""
    return census(ctx.hosts, str(ctx.move.target), ctx.move)


def require_server_on(ctx: StepContext, host: str | None) -> Server:
    """Return the server, which Nova must say is there and has no fault."""
    server = ctx.cloud.server(ctx.move.server_id)
    if server.host != host or server.status == "ERROR":
        fault = f" Nova says: {server.fault}" if server.fault else ""
        raise Blocked(
            f"The instance is {server.status} on {server.host}, not on {host}.{fault}"
            " Look at both hosts for its domain and its folder before anything else."
        )
    return server


def require_shut_off(ctx: StepContext, host: str | None) -> None:
    """Raise Blocked unless Nova says that the instance is off, at rest, and there.

    That somebody started it means that the copy is not what its disks are.
    """
    server = require_server_on(ctx, host)
    if server.status != "SHUTOFF" or not server.idle:
        raise Blocked(
            f"The instance is {server.status} ({server.task_state or 'no task'}) in"
            " the middle of its move: somebody started it. What was copied is no"
            " longer what its disks are."
        )


class IdempotentAct(Act):
    """An act whose request may be made again, since it then changes nothing."""

    synchronous = True

    def request_seen(self, ctx: StepContext) -> bool:
        return False


class CopyJob(Act):
    """A copy from source to target, by a job that outlives its starter."""

    interruptible = True
    # Minutes within which it must be through; options may say more.
    DEADLINE_MINUTES: ClassVar[int] = 24 * 60

    @abstractmethod
    def job(self, move: Move) -> Job:
        """Return the job."""

    def timeout(self, move: Move) -> timedelta:
        return timedelta(minutes=move.options.get("deadline", self.DEADLINE_MINUTES))

    def undo_timeout(self, move: Move) -> timedelta:
        return timedelta(minutes=30)

    def commands(self, move: Move) -> list[str]:
        if not paths.known(move):
            return []
        return [f"# on {move.source}, detached\n{self.job(move).script}"]

    def check(self, ctx: StepContext) -> StepStatus:
        job_state = self.job_state(ctx)
        match job_state.stands:
            case JobIs.RUNNING:
                self._show_progress(ctx, job_state)
                return StepStatus.WAITING
            case JobIs.ENDED if job_state.done:
                ctx.set_progress({**ctx.progress, "percent": 100})
                return StepStatus.DONE
        return StepStatus.READY

    def do(self, ctx: StepContext) -> None:
        ctx.hosts.run(ctx.move.source, self.job(ctx.move).start)

    def request_seen(self, ctx: StepContext) -> bool:
        """Report the result; an error that a retry cannot solve blocks."""
        job_state = self.job_state(ctx)
        if job_state.stands is JobIs.CUT:
            ctx.log(
                "The copy stopped without a message; it continues from where it"
                " stopped."
            )
        elif job_state.stands is JobIs.ENDED and disk_copy.cut(
            job_state.status, job_state.err
        ):
            ctx.log(f"The copy stopped and continues: {job_state.complaint}")
        elif job_state.stands is JobIs.ENDED:
            raise Blocked(self.failure_sentence(ctx, job_state))
        return job_state.stands is JobIs.RUNNING

    def undo(self, ctx: StepContext) -> None:
        ctx.hosts.run(ctx.move.source, self.job(ctx.move).stop)
        self.remove_copy(ctx)

    def remove_copy(self, ctx: StepContext) -> None:
        """Remove from the target what the job has copied there."""

    def check_undo(self, ctx: StepContext) -> StepStatus:
        running = self.job_state(ctx).stands is JobIs.RUNNING
        return (
            StepStatus.READY
            if not running and self.copy_is_removed(ctx)
            else StepStatus.DONE
        )

    def copy_is_removed(self, ctx: StepContext) -> bool:
        """Tell whether the target has nothing of the copy."""
        return True

    def job_state(self, ctx: StepContext) -> JobState:
        """Return how the job stands."""
        answer = ctx.hosts.run(ctx.move.source, self.job(ctx.move).look)
        try:
            return detached_job.read(answer)
        except ValueError as error:
            raise Blocked(
                f"{ctx.move.source} gave an answer that cannot be read: look at"
                f" {self.job(ctx.move).folder} there."
            ) from error

    def _show_progress(self, ctx: StepContext, job_state: JobState) -> None:
        if job_state.copied is None:
            return
        copied, percent = job_state.copied
        before, at = ctx.progress.get("copied", 0), ctx.progress.get("at", 0.0)
        now = ctx.now.timestamp()
        rate = int((copied - before) / (now - at)) if at and copied > before else 0
        if percent // 25 > ctx.progress.get("percent", 0) // 25:
            ctx.log(f"Processed: {size(copied)}, {percent} %.")
        ctx.set_progress(
            {"copied": copied, "percent": percent, "rate": rate, "at": now}
        )

    def failure_sentence(self, ctx: StepContext, job_state: JobState) -> str:
        """Return why the job failed, which a retry does not solve, and what to do."""
        said = f" It said: {job_state.complaint}" if job_state.complaint else ""
        match job_state.status:
            case disk_copy.FULL:
                what = (
                    f"The copy could not be written on {ctx.move.target}: see its disk."
                )
            case disk_copy.DIFFERS:
                what = "The copy differs from the original."
            case 255 | disk_copy.LOST:
                what = (
                    f"{ctx.move.source} cannot open SSH to {ctx.move.target} as root."
                )
            case _:
                what = f"The copy ended with status {job_state.status}."
        return f"{what}{said}"

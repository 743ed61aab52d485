"""What the steps of ``manual`` have in common: repeatable acts, jobs, the census."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import ClassVar

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import detached_job as detached
from migrations_app.integrations.host_commands import disk_copy as copy
from migrations_app.integrations.host_commands import paths as places
from migrations_app.integrations.host_commands.detached_job import Job, JobIs, JobState
from migrations_app.integrations.host_commands.instance_files import Census, census
from migrations_app.integrations.interfaces import Move, Server
from migrations_app.procedures.base import Act, Is, It


def source(it: It) -> Census:
    """Return what the source has of the instance now."""
    return census(it.hosts, it.move.source, it.move)


def target(it: It) -> Census:
    """Return what the target has of the instance now."""
    return census(it.hosts, str(it.move.target), it.move)


def server_at(it: It, host: str | None) -> Server:
    """Return the server, which Nova must say is there and has no fault."""
    server = it.cloud.server(it.move.server_id)
    if server.host != host or server.status == "ERROR":
        fault = f" Nova says: {server.fault}" if server.fault else ""
        raise Blocked(
            f"The instance is {server.status} on {server.host}, not on {host}.{fault}"
            " Look at both hosts for its domain and its folder before anything else."
        )
    return server


def must_be_off(it: It, host: str | None) -> None:
    """Raise Blocked unless Nova says that the instance is off, at rest, and there.

    That somebody started it means that the copy is not what its disks are.
    """
    server = server_at(it, host)
    if server.status != "SHUTOFF" or not server.idle:
        raise Blocked(
            f"The instance is {server.status} ({server.task_state or 'at rest'}) in the"
            " middle of its move: somebody started it. What was copied is no longer"
            " what its disks are."
        )


class Repeatable(Act):
    """An act whose request may be made again, since it then changes nothing."""

    at_once = True

    def heard(self, it: It) -> bool:
        return False


class Copy(Act):
    """A copy from source to target, by a job that outlives whoever started it."""

    interruptible = True
    # Minutes within which it must be through; options may say more.
    longest: ClassVar[int] = 24 * 60

    @abstractmethod
    def job(self, move: Move) -> Job:
        """Return the job."""

    def patience(self, move: Move) -> timedelta:
        return timedelta(minutes=move.options.get("deadline", self.longest))

    def undo_patience(self, move: Move) -> timedelta:
        return timedelta(minutes=30)

    def commands(self, move: Move) -> list[str]:
        if not places.known(move):
            return []
        return [f"# on {move.source}, detached\n{self.job(move).script}"]

    def check(self, it: It) -> Is:
        state = self.state(it)
        match state.stands:
            case JobIs.RUNNING:
                self._show(it, state)
                return Is.WAITING
            case JobIs.ENDED if state.done:
                it.show({**it.shown, "percent": 100})
                return Is.DONE
        return Is.READY

    def do(self, it: It) -> None:
        it.hosts.run(it.move.source, self.job(it.move).start)

    def heard(self, it: It) -> bool:
        """Tell of what became of it: what cannot be helped by trying again blocks."""
        state = self.state(it)
        if state.stands is JobIs.CUT:
            it.say("The copy broke off without a word; it goes on where it stopped.")
        elif state.stands is JobIs.ENDED and state.status in copy.CUT:
            it.say(f"The copy broke off and goes on: {state.complaint}")
        elif state.stands is JobIs.ENDED:
            raise Blocked(self._why(it, state))
        return state.stands is JobIs.RUNNING

    def undo(self, it: It) -> None:
        it.hosts.run(it.move.source, self.job(it.move).stop)
        self.clear(it)

    def clear(self, it: It) -> None:
        """Remove from the target what the job has copied there."""

    def standing(self, it: It) -> Is:
        running = self.state(it).stands is JobIs.RUNNING
        return Is.READY if not running and self.cleared(it) else Is.DONE

    def cleared(self, it: It) -> bool:
        """Tell whether the target has nothing of the copy."""
        return True

    def state(self, it: It) -> JobState:
        """Return how the job stands."""
        answer = it.hosts.run(it.move.source, self.job(it.move).look)
        try:
            return detached.read(answer)
        except ValueError as error:
            raise Blocked(
                f"{it.move.source} gave an answer that cannot be read: look at"
                f" {self.job(it.move).folder} there."
            ) from error

    def _show(self, it: It, state: JobState) -> None:
        if state.copied is None:
            return
        copied, percent = state.copied
        before, at = it.shown.get("copied", 0), it.shown.get("at", 0.0)
        now = it.now.timestamp()
        rate = int((copied - before) / (now - at)) if at and copied > before else 0
        if percent // 25 > it.shown.get("percent", 0) // 25:
            it.say(f"Gone through: {copied / 2**20:,.0f} MiB, {percent} %.")
        it.show({"copied": copied, "percent": percent, "rate": rate, "at": now})

    def _why(self, it: It, state: JobState) -> str:
        said = f" It said: {state.complaint}" if state.complaint else ""
        match state.status:
            case copy.FULL:
                what = (
                    f"The copy could not be written on {it.move.target}: see its disk."
                )
            case copy.DIFFERS:
                what = "The copy is not what it was copied from."
            case _:
                what = f"The copy ended with status {state.status}."
        return f"{what}{said}"

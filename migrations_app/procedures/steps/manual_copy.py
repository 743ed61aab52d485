"""The steps of ``manual`` that bring an instance's disks to the target."""

from __future__ import annotations

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import disk_copy as copy
from migrations_app.integrations.host_commands import instance_folder as folder
from migrations_app.integrations.host_commands import paths as places
from migrations_app.integrations.host_commands.detached_job import Job, JobIs
from migrations_app.integrations.host_commands.instance_files import NONE
from migrations_app.integrations.interfaces import Move
from migrations_app.procedures.base import Is, It
from migrations_app.procedures.expected_state import Expected, Thing
from migrations_app.procedures.steps import manual_common as by_hand
from migrations_app.procedures.steps.manual_common import Copy, Repeatable


class CopyBase(Copy):
    """{target} gets the backing files of {name} that it has not; those that it has
    are compared by size and checksum. They stay, as part of Nova's image cache."""

    def job(self, move: Move) -> Job:
        return copy.base(move)

    def check(self, it: It) -> Is:
        return super().check(it) if it.move.facts["bases"] else Is.DONE

    def clear(self, it: It) -> None:
        # last of all on the way back: what the copies have left on both hosts
        it.hosts.run(str(it.move.target), folder.discard(it.move))
        it.hosts.run(it.move.source, folder.discard(it.move))

    def cleared(self, it: It) -> bool:
        return self.state(it).stands is JobIs.ABSENT


class CopyWarm(Copy):
    """While {name} still runs, its folder is copied to {target}, beside its place."""

    def job(self, move: Move) -> Job:
        return copy.warm(move)

    def check(self, it: It) -> Is:
        return super().check(it) if it.move.facts["running"] else Is.DONE

    def clear(self, it: It) -> None:
        it.hosts.run(str(it.move.target), folder.discard(it.move))

    def cleared(self, it: It) -> bool:
        return not by_hand.target(it).beside


class CopyRest(CopyWarm):
    """With {name} off, what has changed since is copied, and all is compared by
    checksum on both hosts."""

    def job(self, move: Move) -> Job:
        return copy.last(move)

    def check(self, it: It) -> Is:
        by_hand.must_be_off(it, it.move.source)
        return Copy.check(self, it)


class PutInPlace(Repeatable):
    """On {target} the copy gets its name, and owners and modes as files have there."""

    def commands(self, move: Move) -> list[str]:
        if not places.known(move):
            return []
        return [f"# on {move.target}\n{folder.place(move).text}"]

    def expects(self, move: Move, before: Expected) -> Expected:
        return {**before, Thing.TARGET_FOLDER: ("there",)}

    def check(self, it: It) -> Is:
        there = by_hand.target(it)
        match there.folder, there.beside:
            case True, False:
                return Is.DONE
            case False, True:
                by_hand.must_be_off(it, it.move.source)
                return Is.READY
            case True, True:
                raise Blocked(
                    f"{there.host} has a folder of the instance that is not ours. Find"
                    " out what it is; if nobody needs it, move it away."
                )
        raise Blocked(f"The copy on {there.host} is gone: somebody removed it.")

    def do(self, it: It) -> None:
        it.hosts.run(str(it.move.target), folder.place(it.move))

    def standing(self, it: It) -> Is:
        there = by_hand.target(it)
        if there.folder and there.beside:
            return Is.READY  # what is in its place was never ours
        back = not there.folder and there.domain == NONE
        return Is.READY if back else Is.DONE

    def undo(self, it: It) -> None:
        it.hosts.run(str(it.move.target), folder.unplace(it.move))

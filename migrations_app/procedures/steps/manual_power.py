"""The steps of ``manual`` that stop and start the guest, with its volumes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from migrations_app.errors import Blocked, Conflict
from migrations_app.integrations.interfaces import Attachment, Move
from migrations_app.procedures.base import Act, Is, It, Step
from migrations_app.procedures.expected_state import NONE, Expected, Thing, attached
from migrations_app.procedures.steps import manual_common as by_hand
from migrations_app.procedures.steps import nova_requests as trace

LINES = 10  # of the console


class Stop(Act):
    """Nova shuts {name} down."""

    def expects(self, move: Move, before: Expected) -> Expected:
        return {
            **before,
            Thing.STATUS: ("SHUTOFF",),
            Thing.POWER: ("shut down",),
            Thing.SOURCE_DOMAIN: ("shut off",),
        }

    def check(self, it: It) -> Is:
        server = by_hand.server_at(it, it.move.source)
        if not server.idle:
            return Is.WAITING
        match server.status:
            case "SHUTOFF":
                return Is.DONE
            case "ACTIVE":
                return Is.READY
        raise Blocked(f"The instance is {server.status}: it cannot be stopped.")

    def mark(self, it: It) -> str:
        return trace.mark(it)

    def do(self, it: It) -> None:
        it.cloud.stop(it.move.server_id)

    def heard(self, it: It) -> bool:
        return trace.heard(it, "stop")

    def undo(self, it: It) -> None:
        if by_hand.target(it).runs:
            raise Blocked(
                f"A domain of the instance is alive on {it.move.target}: it must not be"
                " started a second time."
            )
        it.cloud.start(it.move.server_id)

    def undo_heard(self, it: It) -> bool:
        return trace.heard(it, "start")


class StartOnTarget(Act):
    """Nova starts {name} on {target}. From here its disks are those on {target}."""

    final = True

    def patience(self, move: Move) -> timedelta:
        return timedelta(minutes=15)

    def expects(self, move: Move, before: Expected) -> Expected:
        if not move.facts.get("running"):
            return before
        return {
            **before,
            Thing.STATUS: ("ACTIVE",),
            Thing.POWER: ("running",),
            Thing.TARGET_DOMAIN: ("running",),
        }

    def check(self, it: It) -> Is:
        server = by_hand.server_at(it, it.move.target)
        if not server.idle:
            return Is.WAITING
        if server.status == "ACTIVE":
            return Is.DONE
        if it.move.facts["running"]:
            return Is.READY
        # It stays off, so this is passed when all before it is so.
        hosts = {port.host for port in it.cloud.ports(it.move.server_id)}
        return Is.DONE if hosts <= {it.move.target} else Is.WAITING

    def mark(self, it: It) -> str:
        return trace.mark(it)

    def do(self, it: It) -> None:
        here = by_hand.source(it)
        if here.runs:
            raise Blocked(
                f"The domain of the instance is {here.domain} on {here.host}, although"
                " Nova had shut it down. Two of them must never run."
            )
        it.cloud.start(it.move.server_id)

    def heard(self, it: It) -> bool:
        return trace.heard(it, "start")

    def standing(self, it: It) -> Is:
        if (is_there := self.check(it)) is Is.READY and by_hand.target(it).written:
            raise Blocked(
                f"The guest has run on {it.move.target} and written to its disks there,"
                f" which going back to those on {it.move.source} would lose. Start it,"
                " or decide by hand."
            )
        return is_there

    def undo(self, it: It) -> None:
        """Nothing: a start that came to nothing leaves nothing behind."""


def _missing(it: It) -> list[Attachment]:
    """Return the volumes of the plan that are not attached now, in their order."""
    there = {each.volume_id for each in it.cloud.attachments(it.move.server_id)}
    planned = [Attachment(**each) for each in it.move.facts["volumes"]]
    return [each for each in planned if each.volume_id not in there]


def _attached(it: It) -> list[str]:
    """Return the ids of the volumes that are attached now, but for the root."""
    now = it.cloud.attachments(it.move.server_id)
    return [each.volume_id for each in now if not each.root]


def _settled(it: It, name: str) -> bool:
    """Tell whether Nova has carried out our requests of that name; Blocked if not so.

    It lists a volume as attached before its host has connected it.
    """
    for short in trace.actions_since(it, name):
        action = it.cloud.action(it.move.server_id, short.request_id)
        if any(event.result is None for event in action.events):
            return False
        if why := trace.why(it, action):
            raise Blocked(f"Nova could not do it: {why}")
    return True


@contextmanager
def _in_passing() -> Iterator[None]:
    """Ask for one volume; one that is on its way already is no reason to go back."""
    try:
        yield
    except Blocked as error:
        raise Conflict(error.sentence) from error


def _detach(it: It, volumes: Iterable[str]) -> None:
    for volume in volumes:
        with _in_passing():
            it.cloud.detach_volume(it.move.server_id, volume)


def _attach(it: It, volumes: Iterable[Attachment]) -> None:
    for volume in volumes:
        with _in_passing():
            it.cloud.attach_volume(it.move.server_id, volume)


class DetachVolumes(Act):
    """Nova detaches the volumes of {name}, which are attached again at the end."""

    def expects(self, move: Move, before: Expected) -> Expected:
        return {**before, Thing.VOLUMES: (NONE,)}

    def check(self, it: It) -> Is:
        by_hand.must_be_off(it, it.move.source)
        if not _attached(it):
            return Is.DONE if _settled(it, "detach_volume") else Is.WAITING
        return Is.READY

    def mark(self, it: It) -> str:
        return trace.mark(it)

    def do(self, it: It) -> None:
        _detach(it, _attached(it))

    def heard(self, it: It) -> bool:
        _settled(it, "detach_volume")
        asked = len(trace.actions_since(it, "detach_volume"))
        return asked >= len(it.move.facts["volumes"])

    def standing(self, it: It) -> Is:
        if not _settled(replace(it, mark=it.first_mark), "detach_volume"):
            return Is.WAITING
        if _missing(it):
            return Is.DONE
        return Is.READY if _settled(it, "attach_volume") else Is.WAITING

    def undo(self, it: It) -> None:
        _attach(it, _missing(it))

    def undo_heard(self, it: It) -> bool:
        return len(trace.actions_since(it, "attach_volume")) >= len(_missing(it)) > 0


class AttachVolumes(Act):
    """Nova attaches the volumes of {name} again, in their order and as they were."""

    final = True
    reversible = False

    def expects(self, move: Move, before: Expected) -> Expected:
        volumes = attached(len(move.facts.get("volumes", ())))
        return {**before, Thing.VOLUMES: (volumes,)}

    def check(self, it: It) -> Is:
        by_hand.server_at(it, it.move.target)
        if _missing(it):
            return Is.READY
        return Is.DONE if _settled(it, "attach_volume") else Is.WAITING

    def mark(self, it: It) -> str:
        return trace.mark(it)

    def do(self, it: It) -> None:
        _attach(it, _missing(it))

    def heard(self, it: It) -> bool:
        _settled(it, "attach_volume")
        asked = len(trace.actions_since(it, "attach_volume"))
        return asked >= len(it.move.facts["volumes"])


class GuestIsThere(Step):
    """Verify over SSH that the domain of {name} is on {target} and runs nowhere else,
    and read the last lines of its console."""

    def check(self, it: It) -> Is:
        server = by_hand.server_at(it, it.move.target)
        here, there = by_hand.source(it), by_hand.target(it)
        if here.runs:
            raise Blocked(
                f"The domain of the instance is {here.domain} on {here.host}, beside"
                f" the one on {there.host} ({there.domain}). Only one may write to its"
                " disks: find out which is the right one and shut the other down."
            )
        if server.status == "ACTIVE":
            if not there.runs:
                return Is.WAITING
            lines = it.cloud.console_lines(it.move.server_id, LINES).strip()
            it.say(f"The last lines of its console:\n{lines or '(nothing yet)'}")
        it.show({"host": it.move.target})
        it.say(f"It is {server.status} on {there.host}; domain there: {there.domain}.")
        return Is.DONE

"""The first steps of ``manual``, before anything is copied, and the last one."""

from __future__ import annotations

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import paths as places
from migrations_app.integrations.host_commands.instance_files import NONE
from migrations_app.integrations.interfaces import Move, Server
from migrations_app.procedures.base import Is, It, Step
from migrations_app.procedures.expected_state import Expected, Thing, hosts, target_of
from migrations_app.procedures.steps import manual_common as by_hand
from migrations_app.procedures.steps.manual_common import Repeatable


class RestsThere(Step):
    """Verify that {name} runs or is off, at rest, on {source}."""

    def check(self, it: It) -> Is:
        server = by_hand.server_at(it, it.move.source)
        if server.status not in {"ACTIVE", "SHUTOFF"}:
            raise Blocked(
                f"The instance is {server.status}; it can be moved by hand only when it"
                " is running or off. Ask anew with what is so now."
            )
        return Is.DONE if server.idle else Is.WAITING


class TargetIsUp(Step):
    """Verify that nova-compute on {target} is up."""

    def check(self, it: It) -> Is:
        for service in it.cloud.services():
            if service.host == it.move.target and service.binary == "nova-compute":
                if service.up:
                    return Is.DONE
                raise Blocked(
                    f"nova-compute on {it.move.target} is down: bring it up, or choose"
                    " another target."
                )
        raise Blocked(
            f"Nova knows no compute host {it.move.target}: choose another target."
        )


class HostsAreReady(Step):
    """Verify over SSH that {source} has the domain and the folder of {name}, and that
    {target} has neither."""

    def expects(self, move: Move, before: Expected) -> Expected:
        return {**before, Thing.TARGET_FOLDER: (NONE,)}

    def check(self, it: It) -> Is:
        if not places.known(it.move):
            raise Blocked(
                "The hosts or Nova's database could not be read when the plan was made,"
                " or paths there hold characters that are not handled. Ask anew."
            )
        here, there = by_hand.source(it), by_hand.target(it)
        if not here.folder or here.domain == NONE:
            raise Blocked(
                f"{here.host} has no {'folder' if not here.folder else 'domain'} of the"
                " instance, although Nova says that it is there. Find out where it is."
            )
        if there.folder:
            raise Blocked(
                f"{there.host} has a folder of the instance already. Find out what it"
                " is; if nobody needs it, move it away, then ask anew."
            )
        if there.domain != NONE:
            raise Blocked(
                f"{there.host} has a domain of the instance already ({there.domain})."
                " Two of them must never run: find out what it is before all else."
            )
        return Is.DONE


class DatabaseIsReady(Step):
    """Verify, before {name} is stopped, that Nova's database can be entered, that it
    says {source}, and that nothing there ties {name} to its host."""

    def check(self, it: It) -> Is:
        now = it.nova_db.row(it.move.server_id)
        if now.place.host != it.move.source:
            raise Blocked(
                f"Nova's database says {now.place.host}: somebody else moved it."
            )
        if now.bound:
            raise Blocked(
                f"The instance has {', '.join(now.bound)} in Nova's database: such a"
                " one must not be moved by hand."
            )
        return Is.DONE


def locked_by_us(it: It, server: Server) -> bool:
    """Tell whether the lock is this move's. Before 2.73 Nova does not say whose it is.

    Then a lock that was not there when the plan was made is taken for ours.
    """
    if not server.locked or it.move.facts["locked"]:
        return False
    return server.locked_reason is None or it.move.token in server.locked_reason


class Lock(Repeatable):
    """Nova locks {name}, so that its owner does not start it in the middle of this."""

    def check(self, it: It) -> Is:
        server = by_hand.server_at(it, it.move.source)
        return Is.DONE if server.locked else Is.READY

    def do(self, it: It) -> None:
        reason = (
            f"novaweb {it.move.token}: being moved to {it.move.target}"
            f" (request {it.move.number})"
        )
        it.cloud.lock(it.move.server_id, reason)

    def standing(self, it: It) -> Is:
        server = it.cloud.server(it.move.server_id)
        return Is.DONE if locked_by_us(it, server) else Is.READY

    def undo(self, it: It) -> None:
        it.cloud.unlock(it.move.server_id)


class Unlock(Repeatable):
    """Nova unlocks {name}, unless it was locked before."""

    final = True
    reversible = False

    def check(self, it: It) -> Is:
        server = by_hand.server_at(it, it.move.target)
        return Is.READY if locked_by_us(it, server) else Is.DONE

    def do(self, it: It) -> None:
        it.cloud.unlock(it.move.server_id)


class ChargeTarget(Repeatable):
    """Placement charges {target} for {name}, beside {source}, while this lasts."""

    def expects(self, move: Move, before: Expected) -> Expected:
        return {**before, Thing.ALLOCATION: (hosts([move.source, move.target]),)}

    def check(self, it: It) -> Is:
        held = it.cloud.allocations(it.move.server_id)
        if it.move.target in held:
            return Is.DONE
        if set(held) == {it.move.source}:
            return Is.READY
        raise Blocked(
            f"Placement charges {', '.join(held) or 'no host'} for the instance, not"
            f" {it.move.source} alone. Mend its allocation first."
        )

    def do(self, it: It) -> None:
        share = it.cloud.allocations(it.move.server_id)[it.move.source]
        it.cloud.charge(
            it.move.server_id, {it.move.source: share, str(it.move.target): share}
        )

    def standing(self, it: It) -> Is:
        held = set(it.cloud.allocations(it.move.server_id))
        return Is.READY if held == {it.move.source} else Is.DONE

    def undo(self, it: It) -> None:
        held = it.cloud.allocations(it.move.server_id)
        share = held.get(it.move.source) or held[str(it.move.target)]
        it.cloud.charge(it.move.server_id, {it.move.source: share})


class ReleaseSource(Repeatable):
    """Placement no longer charges {source} for {name}."""

    final = True
    reversible = False

    def expects(self, move: Move, before: Expected) -> Expected:
        return {**before, Thing.ALLOCATION: (target_of(move),)}

    def check(self, it: It) -> Is:
        held = set(it.cloud.allocations(it.move.server_id))
        if held == {it.move.target}:
            return Is.DONE
        if held == {it.move.source, it.move.target}:
            return Is.READY
        raise Blocked(
            f"Placement charges {', '.join(sorted(held)) or 'no host'} for the"
            " instance. Mend its allocation, then have the run looked at again."
        )

    def do(self, it: It) -> None:
        share = it.cloud.allocations(it.move.server_id)[str(it.move.target)]
        it.cloud.charge(it.move.server_id, {str(it.move.target): share})

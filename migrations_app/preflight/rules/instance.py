"""Rules about the instance itself: its state, its lock, what Nova does with it."""

from __future__ import annotations

from datetime import timedelta

from migrations_app.integrations.interfaces import Migration, Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import LIVE, About, rule
from migrations_app.wording import within

# A record that Nova has not touched for so long while it does nothing with the
# instance has been forgotten by a nova-compute that died.
STALE_AFTER = timedelta(minutes=10)

RUNNING, PAUSED = 1, 3

_WAY_OUT = {
    "paused": "Unpause it first, or move it live.",
    "suspended": "Resume it first.",
    "rescued": "Unrescue it first.",
    "shelved": "Unshelve it first.",
    "shelved_offloaded": "Unshelve it first.",
    "building": "Wait until it has been built.",
    "soft-delete": "Restore it first, if it is still wanted.",
    "error": (
        "Find out what happened and repair it first. Before any hard reboot look on "
        "the source and on the target which of them has the guest."
    ),
}


@rule("instance.source", about=About.INSTANCE)
def source(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The instance is still on the host it is to leave.

    Between a request and its start the instance may have been moved by somebody else.
    An instance without a host (shelved, never built) has nothing to be moved from.
    """
    server = facts.server
    if server.host is None:
        return blocks(
            f"{server.name} is on no host.",
            _unshelve(facts, move)
            if server.vm_state == "shelved_offloaded"
            else "Find out why it was never built.",
            status=server.status,
        )
    if server.host != move.source:
        return blocks(
            f"{server.name} is on {server.host} now, no longer on {move.source}.",
            "Withdraw this request, and create a new one if it still has to move.",
        )
    return ok(f"{server.name} is on {move.source}.")


def _unshelve(facts: Facts, move: Move) -> str:
    """Return how an instance that is shelved and offloaded gets onto a host."""
    if move.target is None or facts.before(26):
        return "Unshelve it: Nova chooses a host."
    return (
        "Unshelve it: Nova chooses a host. Since Zed an administrator may name one: "
        f"openstack server unshelve --host {move.target} (microversion 2.91)."
    )


@rule("instance.verify_resize", about=About.INSTANCE)
def verify_resize(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """No earlier cold migration or resize waits for its confirmation.

    While an instance is in VERIFY_RESIZE it holds its share on both hosts, and Nova
    refuses every other move (409). Nova confirms by itself only where
    ``resize_confirm_window`` is set, which it is not by default.
    """
    server = facts.server
    if server.vm_state != "resized":
        return None
    waiting = next((m for m in facts.migrations if m.status == "finished"), None)
    way = f" from {waiting.source} to {waiting.target}" if waiting else ""
    return blocks(
        f"An earlier cold migration or resize of {server.name}{way} still waits to "
        "be confirmed or reverted.",
        "Let its project, or an administrator, confirm or revert it first.",
        project=server.project_id,
        migration=waiting.id if waiting else None,
    )


@rule("instance.state", about=About.INSTANCE)
def state(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Nova moves an instance in this state.

    Live: active or paused. Cold: active or stopped (nova/compute/api.py,
    ``check_instance_state``; anything else is answered with 409). Live migration of
    paused guests has failed on some versions of QEMU (bug 1671011), hence a warning.
    """
    server = facts.server
    if server.vm_state == "resized":
        return None  # verify_resize has the better words
    if server.vm_state == "shelved_offloaded" and server.host is None:
        return None  # source has: it is on no host
    if server.vm_state == "active":
        return ok(f"{server.name} is active.")
    if server.vm_state == "paused" and procedure == LIVE:
        return warns(
            f"{server.name} is paused; some versions of QEMU fail to migrate a "
            "paused guest live.",
            "Unpause it first if it may run.",
        )
    if server.vm_state == "stopped":
        if procedure != LIVE:
            return ok(f"{server.name} is stopped.")
        return blocks(
            f"{server.name} is stopped: there is nothing to migrate live.",
            "Move it cold, or start it first.",
        )
    return blocks(
        f"{server.name} is {server.vm_state}, and Nova does not move it {procedure} "
        "like that.",
        _WAY_OUT.get(server.vm_state, "Bring it back to active or stopped first."),
        fault=server.fault,
        status=server.status,
    )


@rule("instance.task", about=About.INSTANCE)
def task(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Nova is doing nothing else with the instance.

    Nova answers 409 while the instance has a task state.
    """
    server = facts.server
    if server.idle:
        return ok(f"Nova is doing nothing else with {server.name}.")
    return blocks(
        f"Nova is busy with {server.name}.",
        "Wait until it is done, then look again.",
        task_state=server.task_state,
    )


@rule("instance.lock", about=About.INSTANCE)
def lock(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Nobody has locked the instance.

    Nova refuses to move a locked instance for its project, and does it all the same
    for an administrator, which novaweb is. A lock says that somebody does not want it
    touched, so a person should know.
    """
    server = facts.server
    if not server.locked:
        return ok(f"{server.name} is not locked.")
    told = within(server.locked_reason or "")
    reason = f": {told}" if told else ", without reason"
    return warns(
        f"{server.name} is locked{reason}. An administrator can still move it.",
        "Ask its project before you approve this.",
        project=server.project_id,
    )


@rule("instance.migration", about=About.INSTANCE)
def migration(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """No other move of the instance is under way, nor left over half done.

    A record that is not over while Nova has long been idle was left by a nova-compute
    that died. Its allocation may still be held under the record's UUID, and Nova never
    looks at it again. It blocks while it is the newest record; when later moves have
    ended well since, it only warns.
    """
    if "migrations" in facts.unread:
        return unknown(
            f"Nova's migration records of {facts.server.name} could not be read.",
            "Look again, or let our account read os-migrations.",
            why=facts.unread["migrations"],
        )
    records = [m for m in facts.migrations if not _waits(facts, m)]
    pending = next((m for m in records if not m.over), None)
    if pending is None:
        return ok(f"No other move of {facts.server.name} is running.")
    record = f"{pending.type} {pending.id} from {pending.source} to {pending.target}"
    evidence = {"status": pending.status, "uuid": pending.uuid}
    idle_for = facts.taken_at - (pending.updated_at or pending.created_at)
    if not facts.server.idle or idle_for < STALE_AFTER:
        return blocks(
            f"Another move of {facts.server.name} is running: {record}.",
            "Wait until it is over, or abort it.",
            **evidence,
        )
    say = blocks if pending is records[0] else warns
    return say(
        f"Nova has left a record of {facts.server.name} unfinished: {record}.",
        "Let an administrator find out where the guest runs, remove the allocation "
        "that the record's UUID holds, and close the record in Nova's database.",
        **evidence,
    )


def _waits(facts: Facts, record: Migration) -> bool:
    """Tell whether this is the record of a move in VERIFY_RESIZE: see that rule."""
    return record.status == "finished" and facts.server.vm_state == "resized"


@rule("instance.power", about=About.INSTANCE, procedures=(LIVE,))
def power(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The guest of an active instance really runs.

    Nova's conductor looks at the power state after it has accepted the request
    (``_check_instance_is_active`` in nova/conductor/tasks/live_migrate.py).
    """
    server = facts.server
    if server.vm_state not in {"active", "paused"}:
        return None
    if server.power_state in {RUNNING, PAUSED}:
        return ok(f"The guest of {server.name} runs.")
    return blocks(
        f"{server.name} is {server.vm_state}, but its guest does not run.",
        "Wait for Nova to notice (it compares every ten minutes), then start it or "
        "move it cold.",
        power_state=server.power_state,
    )

"""How a request of ours is found again in Nova, and why it failed.

Nova keeps an instance action for every request that it took, and a migration record
for every move. The newest of them before our request are its *marker*; what is newer
than the marker, and asked for by our account, is ours. So no clocks are compared, and a
worker that knows only the marker can tell whether a request of a dead worker arrived.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta

from migrations_app.errors import Blocked
from migrations_app.integrations.interfaces import Action, ActionEvent, Migration
from migrations_app.procedures.base import StepContext
from migrations_app.procedures.steps import failure_logs

# Events that say only that the search was over, not why.
_VAGUE = ("conductor_", "cold_migrate")
# Actions that make a record of a move, and by how much the clocks of two of Nova's
# machines may differ.
MOVES = frozenset({"live-migration", "migrate", "resize", "evacuate"})
SKEW = timedelta(seconds=2)
FAILED = frozenset({"failed", "error", "cancelled", "reverted"})


def request_marker(ctx: StepContext) -> str:
    """Return the newest action and migration record that exist now."""
    actions = ctx.cloud.actions(ctx.move.server_id)
    records = ctx.cloud.migrations(ctx.move.server_id)
    return json.dumps(
        {
            "action": actions[0].request_id if actions else None,
            "migration": max((record.id for record in records), default=0),
        }
    )


def _actions_since_marker(ctx: StepContext, name: str) -> list[Action]:
    """Return everybody's actions of that name since the marker, newest first."""
    if not ctx.request_marker:
        return []
    last = json.loads(ctx.request_marker)["action"]
    newer = []
    for action in ctx.cloud.actions(ctx.move.server_id):
        if action.request_id == last:
            break
        if action.name == name:
            newer.append(action)
    return newer


def actions_since(ctx: StepContext, name: str) -> list[Action]:
    """Return our actions of that name which are newer than the marker, newest first."""
    newer = _actions_since_marker(ctx, name)
    me = ctx.cloud.whoami() if newer else ""
    return [action for action in newer if action.user_id == me]


def record_since(ctx: StepContext) -> Migration | None:
    """Return the newest migration record that is newer than the marker."""
    if not ctx.request_marker:
        return None
    last = json.loads(ctx.request_marker)["migration"]
    newer = [r for r in ctx.cloud.migrations(ctx.move.server_id) if r.id > last]
    return max(newer, key=lambda record: record.id, default=None)


def record_of_step(ctx: StepContext) -> Migration | None:
    """Return the newest record since the step's own request, on the way back too."""
    return record_since(_since_first_request(ctx))


def newest_record(ctx: StepContext) -> Migration | None:
    """Return the newest record of all, for steps that come after the request."""
    records = ctx.cloud.migrations(ctx.move.server_id)
    return max(records, key=lambda record: record.id, default=None)


def is_of_a_move(mark: str) -> bool:
    """Tell whether the marker is one of ``request_marker``: of a request for a move."""
    try:
        found = json.loads(mark or "null")
    except ValueError:
        return False
    return isinstance(found, dict) and "migration" in found


def own_move_after(ctx: StepContext, known: int) -> str:
    """Describe Nova's newest move after record ``known``, if it is ours.

    Empty: none. Ours is a record whose action our account asked for; one whose
    action is not to be found may be. Both times are Nova's: its API notes the action
    before a record is made (nova/compute/api.py), so an action of ours without a record
    and without an error is a move that Nova has just taken.
    """
    server_id = ctx.move.server_id
    records = sorted(ctx.cloud.migrations(server_id), key=lambda each: -each.id)
    moves = [a for a in ctx.cloud.actions(server_id) if a.name in MOVES]
    for record in (each for each in records if each.id > known):
        before = (a for a in moves if a.started_at <= record.created_at + SKEW)
        action = max(before, key=lambda each: each.started_at, default=None)
        if action is None or action.user_id == ctx.cloud.whoami():
            target = record.target or "a host that is not chosen yet"
            return (
                f"{record.type} {record.id}, from {record.source} to {target},"
                f" “{record.status}”"
            )
    for action in moves:
        if records and action.started_at <= records[0].created_at + SKEW:
            continue
        if action.user_id != ctx.cloud.whoami():
            continue
        events = ctx.cloud.action(server_id, action.request_id).events
        if not any(event.result == "Error" for event in events):
            return f"{action.name}, asked for by {action.request_id}, not begun yet"
    return ""


def running_migration(
    ctx: StepContext, action: str, kind: str, *, ours: int | None = None
) -> tuple[Migration | None, bool]:
    """Return Nova's record of a move under way, and whether it is ours.

    ``ours`` is the id of a record that was found to be, and is not looked at again.
    Ours is what began after the step's own mark and was asked for by our account: Nova
    refuses a second move while one is under way (nova/compute/api.py,
    check_instance_state), so the newest action of that name is the record's.
    """
    running = [
        record
        for record in ctx.cloud.migrations(ctx.move.server_id)
        if record.type == kind and not record.over
    ]
    if not running:
        return None, False
    record = max(running, key=lambda each: each.id)
    if record.id == ours:
        return record, True
    first = replace(ctx, request_marker=ctx.first_request_marker)
    newer = _actions_since_marker(first, action)
    return record, (
        bool(newer)
        and record.id > json.loads(first.request_marker)["migration"]
        and newer[0].user_id == ctx.cloud.whoami()
    )


def request_seen(ctx: StepContext, name: str) -> bool:
    """Tell whether Nova took our request; raise Blocked if it failed.

    Meant for when the instance sits idle on its source: then a record that is over,
    or an action without a record whose events ended in an error, means failure.
    """
    newer = actions_since(ctx, name)
    if not newer:
        return False
    record = record_since(ctx)
    if record is not None and record.status in FAILED:
        raise Blocked(_failure_sentence(ctx, newer[0], record))
    if record is None:
        action = ctx.cloud.action(ctx.move.server_id, newer[0].request_id)
        if any(event.result == "Error" for event in action.events):
            raise Blocked(_failure_sentence(ctx, action, None))
    return True


def failure_reason(ctx: StepContext, name: str) -> str:
    """Return why our newest request of that name failed, after a space; or nothing."""
    first = _since_first_request(ctx)
    newer = actions_since(first, name)
    if not newer:
        return ""
    said = event_errors(ctx, newer[0])
    record = record_since(first)
    target = (record and record.target) or ctx.move.target
    logged = failure_logs.failure_reason(ctx, newer[0].request_id, target=target)
    return (
        f" Its events say: {_with_full_stop(said)}" if said else logged and f" {logged}"
    )


def is_older_than_request(ctx: StepContext, name: str, at: datetime | None) -> bool:
    """Tell whether a moment of Nova's clock is before our newest request."""
    newer = actions_since(_since_first_request(ctx), name)
    return at is not None and bool(newer) and at < newer[0].started_at


def _since_first_request(ctx: StepContext) -> StepContext:
    """Return the same context with the marker of the step's own request."""
    marker = ctx.first_request_marker or ctx.request_marker
    return replace(ctx, request_marker=marker)


def _failure_sentence(
    ctx: StepContext, action: Action, record: Migration | None
) -> str:
    if record is not None and record.status == "cancelled":
        return "The migration was cancelled in Nova; the instance is where it was."
    if record is not None and record.status == "reverted":
        return "The migration was reverted in Nova; the instance is where it was."
    errors = event_errors(ctx, action)
    target = (record and record.target) or ctx.move.target
    logged = failure_logs.failure_reason(ctx, action.request_id, target=target)
    if errors:
        return f"Nova aborted the move: {errors}"
    word = record.status if record is not None else "error"
    if logged:
        return f"Nova aborted the move (its record says “{word}”). {logged}"
    return (
        f"Nova aborted the move (its record says “{word}”) and names no reason in its"
        f" API. Look for {action.request_id} in the log of nova-compute on"
        f" {ctx.move.source}."
    )


def event_errors(ctx: StepContext, action: Action) -> str:
    """Return the most telling errors of all events of the action; empty if none.

    The conductor hides the reason of a failed pre-check behind "No valid host"; the
    reason itself stays in the event of the check
    (nova/conductor/tasks/live_migrate.py, _find_destination). An event that wraps
    another one's error adds nothing; where several hosts were tried, each has its own.
    """
    events = ctx.cloud.action(ctx.move.server_id, action.request_id).events
    errors = [
        (event, _error_text(event)) for event in events if event.result == "Error"
    ]
    errors = [(event, said) for event, said in errors if said]
    telling = [each for each in errors if not each[0].name.startswith(_VAGUE)]
    chosen: dict[str, str] = {}
    for event, said in telling or errors[-1:]:
        if not any(said != other and other in said for _, other in telling):
            chosen.setdefault(said, event.host or "")
    if len(chosen) < 2:
        return "".join(chosen)
    return " ".join(f"{host}: {_with_full_stop(said)}" for said, host in chosen.items())


def _error_text(event: ActionEvent) -> str:
    """Return the event's error without the beginning of a traceback."""
    text = re.split(r"\n\s*Traceback\b", event.details or "")[0]
    return " ".join(text.split())


def _with_full_stop(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."

"""How a request of ours is found again in Nova, and why it came to nothing.

Nova keeps an instance action for every request that it took, and a migration record
for every move. What stood there before we asked is the *mark*; what is newer is ours.
So no clocks are compared, and a worker that knows nothing but the mark can tell
whether a request of a dead worker arrived.
"""

from __future__ import annotations

import json

from migrations_app.errors import Blocked
from migrations_app.ports import Action, Migration
from migrations_app.procedures.base import It

# Events that say only that the search was over, not why.
_VAGUE = ("conductor_", "cold_migrate")
FAILED = frozenset({"failed", "error", "cancelled", "reverted"})


def mark(it: It) -> str:
    """Return the newest action and migration record that exist now."""
    actions = it.cloud.actions(it.move.server_id)
    records = it.cloud.migrations(it.move.server_id)
    return json.dumps(
        {
            "action": actions[0].request_id if actions else None,
            "migration": max((record.id for record in records), default=0),
        }
    )


def actions_since(it: It, name: str) -> list[Action]:
    """Return our actions of that name which are newer than the mark, newest first."""
    if not it.mark:
        return []
    last = json.loads(it.mark)["action"]
    newer = []
    for action in it.cloud.actions(it.move.server_id):
        if action.request_id == last:
            break
        if action.name == name:
            newer.append(action)
    return newer


def record_since(it: It) -> Migration | None:
    """Return the newest migration record that is newer than the mark."""
    if not it.mark:
        return None
    last = json.loads(it.mark)["migration"]
    newer = [r for r in it.cloud.migrations(it.move.server_id) if r.id > last]
    return max(newer, key=lambda record: record.id, default=None)


def heard(it: It, name: str) -> bool:
    """Tell whether Nova took our request; raise Blocked when it came to nothing.

    Meant for when the instance sits idle on its source: then a record that is over,
    or an action without a record whose events ended in an error, means failure.
    """
    newer = actions_since(it, name)
    if not newer:
        return False
    record = record_since(it)
    if record is not None and record.status in FAILED:
        raise Blocked(_came_to_nothing(it, newer[0], record))
    if record is None:
        action = it.cloud.action(it.move.server_id, newer[0].request_id)
        if any(event.result == "Error" for event in action.events):
            raise Blocked(_came_to_nothing(it, action, None))
    return True


def _came_to_nothing(it: It, action: Action, record: Migration | None) -> str:
    if record is not None and record.status == "cancelled":
        return "The migration was cancelled in Nova; the instance is where it was."
    if record is not None and record.status == "reverted":
        return "The migration was reverted in Nova; the instance is where it was."
    reason = why(it, action)
    if reason:
        return f"Nova gave the move up: {reason}"
    word = record.status if record is not None else "error"
    return (
        f"Nova gave the move up (its record says “{word}”) and names no reason in its"
        f" API. Look for {action.request_id} in the log of nova-compute on"
        f" {it.move.source}."
    )


def why(it: It, action: Action) -> str:
    """Return the most telling error of all events of the action; empty if none.

    The conductor hides the reason of a failed pre-check behind "No valid host"; the
    reason itself stays in the event of the check
    (nova/conductor/tasks/live_migrate.py, _find_destination).
    """
    events = it.cloud.action(it.move.server_id, action.request_id).events
    errors = [e for e in events if e.result == "Error" and e.details]
    telling = [e for e in errors if not e.name.startswith(_VAGUE)]
    chosen = (telling or errors)[-1:]
    return chosen[0].details.strip() if chosen and chosen[0].details else ""

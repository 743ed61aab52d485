"""Permissions on drains, each refusal with the sentence that is shown."""

from __future__ import annotations

from migrations_app.access import permissions
from migrations_app.access.permissions import Person, Refusal, Role, Verb
from migrations_app.models import Drain
from migrations_app.models.states import DRAIN_MOVES, DrainState

_TO = {
    Verb.APPROVE: DrainState.APPROVED,
    Verb.REJECT: DrainState.REJECTED,
    Verb.WITHDRAW: DrainState.WITHDRAWN,
    Verb.PAUSE: DrainState.PAUSED,
    Verb.RESUME: DrainState.RUNNING,
    Verb.CANCEL: DrainState.CANCELLING,
}


def why_not(who: Person, verb: Verb, drain: Drain) -> Refusal | None:
    """Return why the person may not do that to the drain; None: they may.

    ``Verb.DRAIN`` on a drain means to have its instances moved back.
    """
    if refusal := permissions.why_not(who, verb):
        return refusal
    state = DrainState(drain.state)
    mine = drain.asked_by_id == who.id
    match verb:
        # who may not approve, as they have a hand in it: drains/approvals.py
        case Verb.REJECT if mine:
            return Refusal("You requested this drain: another person must decide.")
        case Verb.APPROVE if who.superuser:
            return Refusal(
                "A superuser can change every rule, so approvals by superusers do"
                " not count: another person must approve it."
            )
        case Verb.WITHDRAW if not mine and Role.OPERATOR not in who.roles:
            return Refusal("Only the requester or an operator can withdraw a drain.")
        case Verb.EMERGENCY_START:
            return Refusal(
                "A drain has no emergency start. Withdraw the urgent move from the"
                " drain, request it separately, and use the emergency start there."
            )
        case Verb.RESUME if state is not DrainState.PAUSED:
            return Refusal(
                f"The drain is {state}; only a paused one can go on.", late=True
            )
        case Verb.DRAIN if DRAIN_MOVES[state]:
            return Refusal(f"The drain is {state}; wait until it is over.", late=True)
        case Verb.DRAIN if not drain.hosts:
            return Refusal("This drain itself moved instances back.", late=True)
        case _ if verb in _TO and _TO[verb] not in DRAIN_MOVES[state]:
            return Refusal(
                f"The drain is {state}; this action is not possible in this state.",
                late=True,
            )
    return None

"""Table that maps actions of the audit trail to events.

Actions that are not listed are notified to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Whom(StrEnum):
    """Kinds of recipients. Nobody is notified of their own actions, but owners.

    Of a change that they did not make, though their account did, they must know.
    """

    REQUESTER = "requester"
    DECIDERS = "possible approvers"
    OPERATORS = "operators"
    AUDITORS = "auditors"
    OWNER = "the account's owner"


class Channel(StrEnum):
    """Channels to a person; webhooks choose their events themselves."""

    APP = "app"
    MAIL = "mail"


class Scope(StrEnum):
    """Which events of a kind a person wants by a channel."""

    MINE = "mine"
    ALL = "all"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Event:
    """Event that people can subscribe to.

    ``mail``: recipients get it by e-mail unless they choose otherwise. ``outside``:
    webhooks can have it.
    """

    key: str
    title: str
    verbs: tuple[str, ...]
    whom: tuple[Whom, ...]
    mail: bool = False
    outside: bool = True


EVENTS: dict[str, Event] = {
    event.key: event
    for event in (
        Event(
            "waits",
            "Waits for a decision",
            ("request.asked", "request.amended"),
            (Whom.DECIDERS,),
            mail=True,
        ),
        Event(
            "voided",
            "Needs approval again",
            ("request.voided", "request.sent_back"),
            (Whom.REQUESTER, Whom.DECIDERS),
            mail=True,
        ),
        Event("approved", "Approval given", ("request.approved",), (Whom.REQUESTER,)),
        Event("ready", "Fully approved", ("request.ready",), (Whom.REQUESTER,)),
        Event("rejected", "Rejected", ("request.rejected",), (Whom.REQUESTER,)),
        Event(
            "withdrawn",
            "Withdrawn",
            ("request.withdrawn",),
            (Whom.REQUESTER, Whom.DECIDERS),
        ),
        Event(
            "expired",
            "Expired before the start",
            ("request.expired",),
            (Whom.REQUESTER,),
            mail=True,
        ),
        Event("started", "Started", ("run.started",), (Whom.REQUESTER,)),
        Event("completed", "Moved", ("run.completed",), (Whom.REQUESTER,)),
        Event(
            "rolled_back",
            "Rolled back",
            ("run.rolled_back",),
            (Whom.REQUESTER, Whom.OPERATORS),
        ),
        Event(
            "held",
            "Held: a person must decide",
            ("run.held",),
            (Whom.REQUESTER, Whom.OPERATORS),
            mail=True,
        ),
        Event("closed", "Closed manually", ("run.closed",), (Whom.REQUESTER,)),
        Event(
            "glass",
            "Emergency start: a move without approvals",
            ("request.glass_broken", "request.glass_reviewed"),
            (Whom.REQUESTER, Whom.DECIDERS, Whom.OPERATORS, Whom.AUDITORS),
            mail=True,
        ),
        Event(
            "drain_waits",
            "A drain waits for a decision",
            ("drain.planned", "drain.sent_back"),
            (Whom.DECIDERS,),
            mail=True,
        ),
        Event(
            "drain",
            "A drain began, paused or ended",
            (
                "drain.started",
                "drain.paused",
                "drain.cancelled",
                "drain.ended",
                "drain.rejected",
                "drain.expired",
                "drain.failed",
            ),
            (Whom.OPERATORS,),
        ),
        Event(
            "service",
            "A service was disabled or enabled",
            ("service.disabled", "service.enabled", "service.failed", "run.restored"),
            (Whom.OPERATORS,),
        ),
        Event(
            "window",
            "A window or a freeze changed",
            (
                "window.created",
                "window.changed",
                "window.retired",
                "window.imported",
            ),
            (Whom.OPERATORS,),
        ),
        Event(
            "policy",
            "An approval policy or a delegation changed",
            (
                "policy.created",
                "policy.changed",
                "policy.retired",
                "delegation.made",
                "delegation.revoked",
            ),
            (Whom.DECIDERS, Whom.AUDITORS),
        ),
        Event(
            "account",
            "An account changed",
            (
                "account.created",
                "account.changed",
                "account.roles",
                "account.confirmed",
                "account.deleted",
                "account.factor_added",
                "account.factor_removed",
                "account.codes_made",
            ),
            (Whom.OWNER, Whom.AUDITORS),
            mail=True,
            outside=False,
        ),
        Event(
            "access",
            "Your sessions or API tokens changed",
            ("token.created", "token.revoked", "account.session_ended"),
            (Whom.OWNER,),
            outside=False,
        ),
        Event(
            "proof",
            "The audit trail is not signed, or was changed",
            ("audit.unsigned", "audit.broken"),
            (Whom.OPERATORS, Whom.AUDITORS),
            mail=True,
        ),
        Event(
            "undelivered",
            "A message could not be delivered",
            ("delivery.given_up", "webhook.switched_off"),
            (Whom.OPERATORS,),
            outside=False,
        ),
    )
}
OF_VERB: dict[str, Event] = {
    verb: event for event in EVENTS.values() for verb in event.verbs
}
OUTSIDE = tuple(key for key, event in EVENTS.items() if event.outside)

# Not a verb: an approval that makes the request wait for other people.
NEXT_STAGE = "request.next_stage"
# What is said instead of the trail's own sentence, where that is not said to people.
SAYS = {
    "request.asked": "{actor} requested a move of {instance} from {source} to"
    " {target}: it waits for approval",
    "request.ready": "The move of {instance} is fully approved and starts at its time",
    "request.amended": "{actor} edited the request to move {instance}: it needs"
    " approval again",
    "request.voided": "The plan to move {instance} changed: it needs approval again",
    NEXT_STAGE: "The move of {instance} is approved in the first stages and waits"
    " for approval in the next stage",
}


def default(event: Event, channel: Channel) -> Scope:
    """Return the scope of people without a setting."""
    if channel is Channel.APP or event.mail:
        return Scope.MINE
    return Scope.NEVER

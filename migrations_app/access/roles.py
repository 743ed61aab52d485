"""The roles, the actions of people (verbs), and which role may do which."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The four roles; each is a group of that name."""

    REQUESTER = "requester"
    APPROVER = "approver"
    OPERATOR = "operator"
    AUDITOR = "auditor"


class Verb(StrEnum):
    """Every action that takes a permission."""

    SEE = "see"
    ASK = "ask"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    STOP = "stop"
    ABORT = "abort"
    FORCE_COMPLETE = "force-complete"
    LOOK_AGAIN = "look-again"
    GO_BACK = "go-back"
    CLOSE = "close"
    CONSOLE = "console"
    SEE_AUDIT = "see-audit"
    SAVE_SEARCH = "save-search"
    SIGN = "sign-audit"
    SYNC = "sync"
    DISABLE = "disable-service"
    ENABLE = "enable-service"
    MEASURE = "measure"
    CALENDAR = "calendar"
    WEBHOOKS = "webhooks"
    AMEND = "amend"
    EMERGENCY_START = "break-glass"
    REVIEW = "review"
    DELEGATE = "delegate"
    SEE_DELEGATIONS = "see-delegations"
    SEE_POLICIES = "see-policies"
    SET_POLICY = "set-policy"
    SET_UP = "set-up"
    DRAIN = "drain"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


ROLES: dict[Verb, frozenset[Role]] = {
    Verb.SEE: frozenset(Role),
    Verb.ASK: frozenset({Role.REQUESTER, Role.OPERATOR}),
    Verb.APPROVE: frozenset({Role.APPROVER}),
    Verb.REJECT: frozenset({Role.APPROVER}),
    Verb.WITHDRAW: frozenset({Role.REQUESTER, Role.OPERATOR}),
    Verb.STOP: frozenset({Role.OPERATOR}),
    Verb.ABORT: frozenset({Role.OPERATOR}),
    Verb.FORCE_COMPLETE: frozenset({Role.OPERATOR}),
    Verb.LOOK_AGAIN: frozenset({Role.OPERATOR}),
    Verb.GO_BACK: frozenset({Role.OPERATOR}),
    Verb.CLOSE: frozenset({Role.OPERATOR}),
    Verb.CONSOLE: frozenset({Role.OPERATOR}),
    Verb.SEE_AUDIT: frozenset({Role.AUDITOR, Role.APPROVER, Role.OPERATOR}),
    Verb.SAVE_SEARCH: frozenset({Role.AUDITOR, Role.APPROVER, Role.OPERATOR}),
    Verb.SIGN: frozenset({Role.AUDITOR, Role.OPERATOR}),
    Verb.SYNC: frozenset({Role.OPERATOR}),
    Verb.DISABLE: frozenset({Role.OPERATOR}),
    Verb.ENABLE: frozenset({Role.OPERATOR}),
    Verb.MEASURE: frozenset({Role.OPERATOR}),
    Verb.CALENDAR: frozenset({Role.APPROVER, Role.OPERATOR}),
    Verb.WEBHOOKS: frozenset({Role.OPERATOR}),
    Verb.AMEND: frozenset({Role.REQUESTER, Role.OPERATOR}),
    Verb.EMERGENCY_START: frozenset({Role.OPERATOR}),
    Verb.REVIEW: frozenset({Role.APPROVER}),
    Verb.DELEGATE: frozenset({Role.APPROVER}),
    Verb.SEE_DELEGATIONS: frozenset(Role),
    Verb.SEE_POLICIES: frozenset(Role),
    Verb.DRAIN: frozenset({Role.OPERATOR}),
    Verb.PAUSE: frozenset({Role.OPERATOR}),
    Verb.RESUME: frozenset({Role.OPERATOR}),
    Verb.CANCEL: frozenset({Role.OPERATOR}),
    # no role gives these: staff does
    Verb.SET_POLICY: frozenset(),
    Verb.SET_UP: frozenset(),
}
# What a token of scope read may, and what takes scope decide, and a password that
# nobody else knows; all else takes ask.
READS = frozenset(
    {
        Verb.SEE,
        Verb.SEE_AUDIT,
        Verb.SEE_DELEGATIONS,
        Verb.SEE_POLICIES,
        Verb.SET_UP,
    }
)
DECIDES = frozenset(
    {
        Verb.APPROVE,
        Verb.REJECT,
        Verb.EMERGENCY_START,
        Verb.REVIEW,
        Verb.DELEGATE,
        Verb.SET_POLICY,
    }
)
# What takes an account of which a second person has confirmed that it is nobody else's.
INDEPENDENT = DECIDES | {Verb.CALENDAR}
# What the password is asked for again before, if it was not entered recently: whatever
# lets a move start, or lets somebody else have one start. To reject only holds back.
CONFIRMED = DECIDES - {Verb.REJECT}
# What an approver may delegate to somebody with any other role.
DELEGABLE = frozenset({Verb.APPROVE, Verb.REJECT})
WORDS = {
    Verb.SEE: "see this page",
    Verb.ASK: "request a move",
    Verb.APPROVE: "approve a request",
    Verb.REJECT: "reject a request",
    Verb.WITHDRAW: "withdraw a request",
    Verb.STOP: "stop a run",
    Verb.ABORT: "abort a live migration",
    Verb.FORCE_COMPLETE: "force a live migration to complete",
    Verb.LOOK_AGAIN: "check a held run again",
    Verb.GO_BACK: "roll back a held run",
    Verb.CLOSE: "close a held run manually",
    Verb.CONSOLE: "open an instance's console",
    Verb.SEE_AUDIT: "read the audit trail",
    Verb.SAVE_SEARCH: "save a search of the audit trail",
    Verb.SIGN: "sign the audit trail",
    Verb.SYNC: "have the inventory read again",
    Verb.DISABLE: "disable a service",
    Verb.ENABLE: "enable a service",
    Verb.MEASURE: "measure the copy speed between two hosts",
    Verb.CALENDAR: "change windows and freezes",
    Verb.WEBHOOKS: "manage webhooks, deliveries and notification settings of groups",
    Verb.AMEND: "edit a request",
    Verb.EMERGENCY_START: "use an emergency start",
    Verb.REVIEW: "review an emergency start",
    Verb.DELEGATE: "delegate your right to approve",
    Verb.SEE_DELEGATIONS: "see delegations",
    Verb.SEE_POLICIES: "see approval policies",
    Verb.SET_POLICY: "change approval policies",
    Verb.SET_UP: "see the set-up guide",
    Verb.DRAIN: "empty hosts",
    Verb.PAUSE: "pause a drain",
    Verb.RESUME: "resume a paused drain",
    Verb.CANCEL: "cancel a drain",
}
# What the verbs take that no role gives.
STAFF = {
    Verb.SET_POLICY: "a staff account with the permission to change approval policies",
    Verb.SET_UP: "the account of a superuser",
}

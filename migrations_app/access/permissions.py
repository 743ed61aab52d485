"""Permissions: who may do what, each refusal with the sentence that is shown.

Pages ask ``why_not`` before they offer a button. Actions ask it again, by way of
access/require.py, before they change anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.contrib.auth.models import AnonymousUser, User

from migrations_app.access import second_factor
from migrations_app.access.delegated_rights import DelegatedRight, delegated_to
from migrations_app.access.display import COLUMNS, NOTHING_CHOSEN, Display
from migrations_app.access.roles import (
    DECIDES,
    DELEGABLE,
    INDEPENDENT,
    READS,
    ROLES,
    STAFF,
    WORDS,
)
from migrations_app.access.roles import Role as Role
from migrations_app.access.roles import Verb as Verb
from migrations_app.errors import NotAllowed, TooLate, VerbError
from migrations_app.models import MigrationRequest, Run, TokenScope
from migrations_app.models.states import OPEN_RUNS, WALKING_RUNS, RequestState, RunState

# What is done to a drain and not to one of its moves.
OF_THE_DRAIN = frozenset({Verb.APPROVE, Verb.REJECT, Verb.AMEND, Verb.EMERGENCY_START})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action is refused, as a sentence for the person.

    ``late``: refused because of the state of the request, run or drain, not because
    the person lacks a right.
    """

    sentence: str
    late: bool = False

    def __str__(self) -> str:
        return self.sentence

    def error(self) -> VerbError:
        """Return the error to raise: TooLate if ``late``, else NotAllowed."""
        return TooLate(self.sentence) if self.late else NotAllowed(self.sentence)


@dataclass(frozen=True, slots=True)
class Person:
    """A person who is signed in, and their roles.

    ``groups`` are all their groups; those that are roles are in ``roles`` too.
    ``delegated`` are the approval rights that are delegated to them now.
    ``sets_policy``: a staff account with the permission to change approval policies.
    ``manages_accounts``: the same with the permission to change accounts.
    ``scope``: of the token that they came with; empty: they are signed in.
    ``password_set_by``: who else set their password, which they have not changed yet.
    ``unconfirmed``: who else may be behind the account, since they set its password and
    nobody has confirmed it; empty: nobody.
    ``lacks_second_factor``: they must have one, and have set up none.
    ``display``: how they have pages show times and lists.
    """

    id: int | None
    name: str
    roles: frozenset[str]
    staff: bool = False
    superuser: bool = False
    groups: frozenset[str] = frozenset()
    delegated: tuple[DelegatedRight, ...] = ()
    sets_policy: bool = False
    manages_accounts: bool = False
    scope: str = ""
    password_set_by: str = ""
    unconfirmed: str = ""
    lacks_second_factor: bool = False
    display: Display = NOTHING_CHOSEN


def person(user: User | AnonymousUser) -> Person:
    """Return who the user is, with their roles (read once per user object)."""
    known: Person | None = getattr(user, "_novaweb_person", None)
    if known is None:
        known = _read(user)
        user._novaweb_person = known  # type: ignore[union-attr]
    return known


def current_person(user: User) -> Person:
    """Return who the user is now, with their roles read from the database.

    For a check under a row's lock: a role, a delegation or the account itself may have
    been revoked since ``person`` was called.
    """
    now = _read(User.objects.filter(pk=user.pk).first() or AnonymousUser())
    return replace(now, scope=scope_of(user))


def scope_of(user: User | AnonymousUser) -> str:
    """Return the scope of the token that the person came with; empty: without one."""
    return str(getattr(user, "token_scope", ""))


def _read(user: User | AnonymousUser) -> Person:
    if not (user.is_authenticated and user.is_active):
        return Person(id=None, name="", roles=frozenset())
    # one row for each group, and one for who has none
    found = User.objects.filter(pk=user.pk)
    setters = ("password_to_change__set_by_name", "to_confirm__by_name")
    rows = list(found.values_list("groups__name", *setters, *COLUMNS))
    groups = frozenset(row[0] for row in rows if row[0])
    who = Person(
        id=user.pk,
        name=user.get_username(),
        roles=groups & frozenset(str(role) for role in Role),
        staff=user.is_staff,
        superuser=user.is_superuser,
        groups=groups,
        delegated=delegated_to(user.pk),
        sets_policy=user.is_staff
        and user.has_perm("migrations_app.change_approvalpolicy"),
        manages_accounts=user.is_staff and user.has_perm("auth.change_user"),
        scope=scope_of(user),
        password_set_by=next((row[1] for row in rows if row[1]), ""),
        unconfirmed=" and ".join(sorted({row[2] for row in rows if row[2]})),
        display=Display.of(rows[0][3:]) if rows else NOTHING_CHOSEN,
    )
    return replace(who, lacks_second_factor=second_factor.lacks(who))


def why_not(
    who: Person,
    verb: Verb,
    *,
    request: MigrationRequest | None = None,
    run: Run | None = None,
) -> Refusal | None:
    """Return why the person may not do that; None: they may."""
    allowed = ROLES[verb]
    if (needed := _scope_missing(who, verb)) is not None:
        return Refusal(
            f"This token's scope is {who.scope}: to {WORDS[verb]} you need one of scope"
            f" {needed}, or sign in to the pages."
        )
    if not allowed:
        if not (who.superuser if verb is Verb.SET_UP else who.sets_policy):
            return Refusal(
                f"To {WORDS[verb]} you need {STAFF[verb]}. Ask an administrator of"
                " novaweb."
            )
    elif not (_has_by_other_right(who, verb) or who.roles & set(map(str, allowed))):
        roles = " or ".join(sorted(str(role) for role in allowed))
        return Refusal(
            f"To {WORDS[verb]} you need the role {roles}. Ask an administrator of"
            " novaweb."
        )
    if verb in DECIDES and who.password_set_by:
        return Refusal(
            f"{who.password_set_by} set your password, so it is not yours alone: change"
            f" it before you {WORDS[verb]}. “Password” is below your name, at the top."
        )
    if verb in INDEPENDENT and who.unconfirmed:
        return Refusal(
            f"{who.unconfirmed} set the password of your account, and nobody else has"
            f" confirmed that it is yours: ask another superuser to do that, on"
            f" “Accounts and roles”, before you {WORDS[verb]}."
        )
    if verb in DECIDES and who.lacks_second_factor:
        return Refusal(
            f"You must have a second factor to {WORDS[verb]}. “Second factor” is below"
            " your name, at the top."
        )
    if verb is Verb.DELEGATE and who.superuser:
        return Refusal(
            "A superuser's approval does not count, so a superuser cannot delegate."
        )
    if request is not None:
        return _why_not_request(who, verb, request)
    if run is not None:
        return _why_not_run(verb, run)
    return None


def _scope_missing(who: Person, verb: Verb) -> TokenScope.Scope | None:
    """Return the scope that the person's token lacks for that; None: nothing lacks."""
    of = TokenScope.Scope
    if not who.scope or who.scope == of.DECIDE:
        return None
    if verb in DECIDES:
        return of.DECIDE
    return None if verb in READS or who.scope == of.ASK else of.ASK


def _has_by_other_right(who: Person, verb: Verb) -> bool:
    """Whether a delegation or a permission of staff gives the person this verb."""
    if verb in DELEGABLE:
        return bool(who.delegated and who.roles)
    if verb is Verb.SEE_DELEGATIONS and who.manages_accounts:
        return True
    return verb in (Verb.SEE_DELEGATIONS, Verb.SEE_POLICIES) and who.sets_policy


def _why_not_request(
    who: Person, verb: Verb, request: MigrationRequest
) -> Refusal | None:
    state = RequestState(request.state)
    words = state.label
    match verb:
        case _ if request.drain_id and verb in OF_THE_DRAIN:
            return Refusal(
                f"This move is part of drain {request.drain_id}, which is approved as"
                " a whole: see the drain, or withdraw this move from it."
            )
        # who has a hand in it, and so may not approve or review: requests/approvals
        case Verb.REJECT if request.asked_by_id == who.id:
            return Refusal("You requested this move: another person must decide.")
        case Verb.APPROVE if who.superuser:
            return Refusal(
                "A superuser can change every rule, so approvals by superusers do"
                " not count: another person must approve it."
            )
        case Verb.APPROVE if state is not RequestState.REQUESTED:
            return Refusal(
                f"The request is {words}; only a requested one can be approved.",
                late=True,
            )
        case Verb.REJECT if state not in (
            RequestState.REQUESTED,
            RequestState.APPROVED,
        ):
            return Refusal(
                f"The request is {words}; it can no longer be rejected.", late=True
            )
        case Verb.WITHDRAW if state not in (
            RequestState.REQUESTED,
            RequestState.APPROVED,
        ):
            return Refusal(
                f"The request is {words}; it can no longer be withdrawn.", late=True
            )
        case Verb.AMEND | Verb.EMERGENCY_START if state not in (
            RequestState.REQUESTED,
            RequestState.APPROVED,
        ):
            return Refusal(
                f"The request is {words}; this action is no longer possible.", late=True
            )
        case Verb.AMEND if (
            request.asked_by_id != who.id and Role.OPERATOR not in who.roles
        ):
            return Refusal("Only the requester or an operator can edit a request.")
        case Verb.REVIEW if who.superuser:
            return Refusal(
                "A superuser cannot review an emergency start: another person"
                " must review it."
            )
        case Verb.WITHDRAW if (
            request.asked_by_id != who.id and Role.OPERATOR not in who.roles
        ):
            return Refusal("Only the requester or an operator can withdraw a request.")
    return None


def _why_not_run(verb: Verb, run: Run) -> Refusal | None:
    state = RunState(run.state)
    words = state.label
    match verb:
        case Verb.STOP | Verb.ABORT | Verb.FORCE_COMPLETE if state not in WALKING_RUNS:
            return Refusal(f"The run is {words}; nothing is running.", late=True)
        case Verb.STOP | Verb.ABORT if state is RunState.GOING_BACK:
            return Refusal("The run is rolling back already.", late=True)
        case Verb.STOP | Verb.ABORT if run.stop_asked_at is not None:
            return Refusal("A stop is requested already.", late=True)
        case Verb.FORCE_COMPLETE if state is RunState.GOING_BACK:
            return Refusal(
                "The run is rolling back: completion cannot be forced now.", late=True
            )
        case Verb.FORCE_COMPLETE if run.force_asked_at and not run.force_sent_at:
            return Refusal("Completion is forced already.", late=True)
        case Verb.LOOK_AGAIN | Verb.GO_BACK | Verb.CLOSE if state is not RunState.HELD:
            held = "over" if state not in OPEN_RUNS else "not held"
            sentence = f"The run is {held} ({words}); this action is for held runs only"
            return Refusal(f"{sentence}.", late=True)
    return None

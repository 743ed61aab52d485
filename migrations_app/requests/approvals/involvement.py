"""Who has a hand in a request or drain, answered from the audit trail.

The one place that says so: approvals, reviews, drains, notifications, pages and API ask
here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from migrations_app.models import Drain, MigrationRequest
from migrations_app.requests.approvals.hands import Grant, Hands
from migrations_app.requests.approvals.in_force import (
    Moves,
    may_match,
    window_told,
)
from migrations_app.requests.approvals.rules import PolicyFacts
from migrations_app.requests.approvals.since import (
    ACCOUNTS,
    DEEDS,
    POLICIES,
    WINDOWS,
    Act,
    Since,
)
from migrations_app.requests.windows import places
from migrations_app.requests.windows.calendar import occurrences
from migrations_app.requests.windows.calendar.scope import Where, may_touch, touches
from migrations_app.requests.windows.calendar.window import WindowKind


def hands(
    of: MigrationRequest | Drain,
    since: Since,
    moves: Moves,
    facts: Sequence[PolicyFacts],
    *,
    by_window: bool,
) -> Hands:
    """Return who has a hand in it: by what they did to it, or to rules for it.

    ``by_window``: a policy for it asks for maintenance windows.
    """
    deeds: dict[int | str, str] = {}
    names: dict[str, None] = {}
    # the columns too, for what was asked before the trail was kept
    known = [(of.asked_by_id, of.asked_by_name, DEEDS[f"{_word(of)}.asked"])]
    if isinstance(of, MigrationRequest) and of.changed_by_name:
        edited = DEEDS["request.amended"]
        known.append((of.changed_by_id, of.changed_by_name, edited))
    known += [(act.actor, act.name, DEEDS[act.verb]) for act in since.own]
    known += _of_policies(since, facts)
    known += _of_windows(of, since, moves, by_window=by_window)
    for person, name, deed in known:
        names.setdefault(name)
        deeds.setdefault(name, deed)
        if person is not None:
            deeds.setdefault(person, deed)
    return Hands(deeds=deeds, names=tuple(names), grants=tuple(_grants(since)))


def _word(of: MigrationRequest | Drain) -> str:
    return "drain" if isinstance(of, Drain) else "request"


def _of_policies(
    since: Since, facts: Sequence[PolicyFacts]
) -> Iterator[tuple[int | None, str, str]]:
    for act in since.of(POLICIES):
        told = [each for each in (act.before, act.after) if each.get("active")]
        # what an entry does not tell may be about anything
        unknown = not act.before and not act.after
        if unknown or any(may_match(each, facts) for each in told):
            yield act.actor, act.name, _deed(act, "policy")
            if proposed_by := act.after.get("proposed_by"):
                person, name = proposed_by
                yield person, name, _deed(act, "policy")


def _of_windows(
    of: MigrationRequest | Drain, since: Since, moves: Moves, *, by_window: bool
) -> Iterator[tuple[int | None, str, str]]:
    """Yield who changed a window that a rule asks for, or took a freeze away."""
    acts = list(since.of(WINDOWS))
    if not acts:
        return
    hosts = {host for way in moves.ways for host in way.hosts}
    any_target = any(way.any_host for way in moves.ways)
    about = places.where(moves.cloud, sorted(hosts), any_target=any_target)
    span = (of.asked_at, max(of.expires_at, of.asked_at))
    for act in acts:
        told = [each for each in (act.before, act.after) if each]
        if not told:
            yield act.actor, act.name, _deed(act, "window")
            continue
        if told[0]["kind"] == WindowKind.MAINTENANCE and not by_window:
            continue
        if any(_matters(act, each, about, span) for each in told):
            yield act.actor, act.name, _deed(act, str(told[0]["kind"]))


def _matters(
    act: Act, told: Mapping[str, Any], about: Where, span: tuple[datetime, datetime]
) -> bool:
    rule = window_told(told)
    if act.verb == "window.created" and rule.kind is WindowKind.FREEZE:
        return False  # a new freeze can only hold a move back
    # a window must be over both hosts: over where it might land it counts for nothing
    is_for = may_touch if rule.kind is WindowKind.FREEZE else touches
    return is_for(rule, about) and bool(occurrences.between(rule, *span))


def _deed(act: Act, what: str) -> str:
    name = act.after.get("name") or act.before.get("name") or "?"
    what = "maintenance window" if what == "maintenance" else what
    return f"{act.verb.partition('.')[2]} the {what} “{name}” after it was requested"


def _grants(since: Since) -> Iterator[Grant]:
    """Yield what made people able to approve since it was asked."""
    acts = list(since.of(ACCOUNTS))
    # older entries name an account without its number: of one that was renamed since,
    # nobody knows which it is
    old = {_name(act) for act in acts if not _number(act)}
    there = User.objects.filter(username__in=old) if old else User.objects.none()
    known = set(there.values_list("username", flat=True))
    for act in acts:
        if act.verb == "group.changed":
            if (name := act.after.get("name")) != act.before.get("name"):
                groups = frozenset({str(name)})
                yield Grant(act.actor, act.name, None, "", groups)
            continue
        to = _number(act) or (_name(act) if _name(act) in known else None)
        if act.verb == "account.roles":
            given = {*act.after.get("roles", ())} - {*act.before.get("roles", ())}
            if given:
                yield Grant(act.actor, act.name, to, _name(act), frozenset(given))
        elif act.verb == "account.created" or _enables(act):
            yield Grant(act.actor, act.name, to, _name(act))


def why_ended(
    since: Since,
    person: int | None,
    name: str,
    *,
    used: int,
    groups: Collection[str],
) -> str:
    """Return what ended the person's right since it was used; empty: nothing did.

    The rest of a sentence. What is given back later revives nothing: an account is
    mostly switched off, or gets another password, because somebody else had it, and
    nobody knows which of the two approved. ``used``: the number of the entry that tells
    of the use; ``groups``: those that the right is by.
    """
    for act in since.of(ACCOUNTS):
        if act.id < used or (_number(act) or _name(act)) not in (person, name):
            continue
        if act.after.get("active") is False:
            return f"the account of {name} was switched off after that"
        if act.verb == "account.roles":
            lost = {*act.before.get("roles", ())} - {*act.after.get("roles", ())}
            if gone := ", ".join(sorted(lost & set(groups))):
                return f"{name} was taken out of {gone} after that"
        elif act.actor != person and (
            "password" in act.after or act.verb == "account.factor_removed"
        ):
            return f"{act.name} changed how {name} signs in after that"
    return ""


def _enables(act: Act) -> bool:
    """Whether the account can now do, or somebody with it, what it could not before."""
    return (
        "password" in act.after
        or act.verb in ("account.factor_removed", "account.confirmed")
        or act.after.get("active") is True
        or act.after.get("superuser") is False
    )


def _name(act: Act) -> str:
    return str(act.after.get("name") or act.before.get("name") or "")


def _number(act: Act) -> int | None:
    found = act.after.get("account") or act.before.get("account")
    return int(found) if found else None

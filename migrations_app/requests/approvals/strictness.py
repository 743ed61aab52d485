"""Whether a change of a policy lowers what some move takes. Pure.

What cannot be shown to be as strict as before counts as lower.
"""

from __future__ import annotations

from collections.abc import Iterable

from migrations_app.requests.approvals.rules import CONDITIONS, Rule, When, rank

# Conditions on what a move has one of: lists without a common name never both match.
_SINGLE = ("clouds", "procedures")


def as_strict(one: Rule, other: Rule) -> bool:
    """Whether whatever satisfies the one satisfies the other, too."""
    if one.break_glass and not other.break_glass:
        return False
    if other.approval_hours is not None and (
        one.approval_hours is None or one.approval_hours > other.approval_hours
    ):
        return False
    # stages are filled in order, so more of them behind those of the other are stricter
    return len(one.stages) >= len(other.stages) and all(
        mine.approvers >= theirs.approvers and set(mine.groups) <= set(theirs.groups)
        for mine, theirs in zip(one.stages, other.stages, strict=False)
    )


def lowers(before: Rule | None, after: Rule | None, others: Iterable[Rule]) -> bool:
    """Whether a policy that is changed so lowers what some move takes.

    None: it is not there, or retired. ``others`` are the other active ones.
    """
    others = list(others)
    if after is not None:
        beaten = [*others, *([before] if before else [])]
        # where it was already, what was below it did not apply
        known = before is not None and _covers(before, after)
        for each in beaten:
            below = known and before is not None and rank(each) < rank(before)
            displaced = each is before or (rank(each) < rank(after) and not below)
            if displaced and not _apart(each, after) and not as_strict(after, each):
                return True
        # where no policy was, nothing could be approved
        if not known and not any(_everywhere(each) for each in beaten):
            return True
    if before is None or (
        after is not None and _covers(after, before) and rank(after) >= rank(before)
    ):
        return False
    # what it was for falls to a policy below it, or to none, which nothing can satisfy
    heirs = [each for each in others if rank(each) < rank(before)]
    return any(
        not _apart(each, before) and not as_strict(each, before) for each in heirs
    )


def _covers(one: Rule, other: Rule) -> bool:
    """Whether the one matches every move that the other matches."""
    return (
        all(
            not (mine := one.conditions.get(name, ()))
            or (other.conditions.get(name) and set(mine) >= set(other.conditions[name]))
            for name in CONDITIONS
        )
        and one.instances_at_least <= other.instances_at_least
        and one.window in (When.ANY, other.window)
    )


def _everywhere(rule: Rule) -> bool:
    return (
        not any(rule.conditions.values())
        and rule.instances_at_least == 1
        and rule.window is When.ANY
    )


def _apart(one: Rule, other: Rule) -> bool:
    """Whether no move can match both."""
    if {one.window, other.window} == {When.INSIDE, When.OUTSIDE}:
        return True
    return any(
        mine
        and theirs
        and not _wild(mine)
        and not _wild(theirs)
        and not set(mine) & set(theirs)
        for name in _SINGLE
        for mine, theirs in [(one.conditions.get(name), other.conditions.get(name))]
    )


def _wild(names: Iterable[str]) -> bool:
    return any(sign in name for name in names for sign in "*?[")

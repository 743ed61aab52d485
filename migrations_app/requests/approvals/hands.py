"""Who has a hand in a request or drain: their approvals of it never count. Pure.

A *deed* is what somebody did to it, or since it was requested to a rule that makes a
difference to it. A *grant* is what made somebody able to approve it since then: an
approval that rests on a grant uses up the one who gave that, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody gave somebody, after it was requested.

    ``by``: their account; None: nobody knows who it was. ``to``: the account, or its
    name; None: it may have been anybody. ``groups`` were given; none: the account
    itself was (made, switched on, its password set, no superuser any more).
    """

    by: int | None
    by_name: str
    to: int | str | None
    to_name: str
    groups: frozenset[str] = frozenset()

    @property
    def deed(self) -> str:
        """What its giver did, as the rest of a sentence about them."""
        what = f"put {self.to_name or 'people'} into {', '.join(sorted(self.groups))}"
        if not self.groups:
            what = f"changed the account of {self.to_name}"
        return f"{what} after it was requested"


@dataclass(frozen=True, slots=True)
class Hands:
    """The deeds, by account and by name, and the grants.

    By name too: an account that is gone may have been made again under its name.
    """

    deeds: Mapping[int | str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()  # of those who did them, each once, in order
    grants: tuple[Grant, ...] = ()
    # those on whom an approval rests that was given: theirs would be a second one
    granted: Mapping[int, str] = field(default_factory=dict)

    def deed_of(self, person: int | None, name: str) -> str:
        """Return what that person did, as the rest of a sentence; empty: nothing."""
        by_number = self.deeds.get(person, "") if person is not None else ""
        return by_number or self.deeds.get(name, "")

    def grants_to(
        self, person: int | None, name: str, groups: Collection[str]
    ) -> list[Grant]:
        """Return what made that person able to approve by one of these groups."""
        return [
            each
            for each in self.grants
            if each.to in (None, person, name)
            # one's own password is one's own affair; one's own groups are not
            and (each.groups & set(groups) if each.groups else each.by != person)
        ]

    def why_void(self, person: int | None, name: str, groups: Collection[str]) -> str:
        """Return why an approval by that right never counts; empty: it may count."""
        deed = self.deed_of(person, name) or self.granted.get(person or 0, "")
        if deed:
            return f"{name} {deed}"
        for grant in self.grants_to(person, name, groups):
            if grant.by == person:
                return f"{name} {grant.deed}"
            if grant.by is None:
                return (
                    f"{grant.by_name} {grant.deed}, and it is not known which person"
                    " that was"
                )
            if deed := self.deed_of(grant.by, grant.by_name):
                return f"{grant.by_name} {deed}, and {grant.deed}"
        return ""

"""How many independent people stand behind a start, reckoned from what was called.

Nothing of approvals/ is used, nor the audit trail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations


@dataclass(frozen=True)
class Rules:
    """How many approvals the policy takes; if ``outside``, in a window only one."""

    approvers: int
    outside: bool
    windows: frozenset[int] = frozenset()

    @property
    def needed(self) -> int:
        return 1 if self.outside and self.windows else self.approvers


@dataclass
class Approved:
    """An approval that was accepted, for that plan."""

    digest: str
    person: str
    giver: str | None


@dataclass
class Known:
    """What the test itself has seen being called, of people, rules and the request."""

    rules: Rules = Rules(1, False)
    then: Rules = Rules(1, False)
    active: set[str] = field(default_factory=set)
    roles: dict[str, set[str]] = field(default_factory=dict)
    lent: list[tuple[str, str, datetime]] = field(default_factory=list)
    # of the request that is open
    asker: str = ""
    editors: list[str] = field(default_factory=list)
    setters: set[str] = field(default_factory=set)
    grants: list[tuple[str, str]] = field(default_factory=list)  # by whom, to whom
    approved: list[Approved] = field(default_factory=list)

    def ask(self, asker: str) -> None:
        """A new request: what was done before it was asked is nothing to it."""
        self.asker, self.then = asker, self.rules
        for each in (self.editors, self.setters, self.grants, self.approved):
            each.clear()

    def there(self, name: str, *roles: str) -> bool:
        return name in self.active and bool(self.roles[name] & set(roles))

    def needed(self) -> int:
        """The rule in force when it was asked, or the stricter since."""
        return max(self.then.needed, self.rules.needed)

    def wished_for(self) -> bool:
        """Whether those whose wish it is are there still."""
        wish = [self.asker, *self.editors[-1:]]
        return all(self.there(name, "requester", "operator") for name in wish)

    def independent(self, digest: str) -> int:
        """The most people who approved that plan, each with nobody of another."""
        units = [unit for each in self.approved for unit in self._unit(each, digest)]
        for many in range(len(units), 0, -1):
            for chosen in combinations(units, many):
                people = [person for unit in chosen for person in unit]
                if len(people) == len(set(people)):
                    return many
        return 0

    def _unit(self, each: Approved, digest: str) -> Iterator[frozenset[str]]:
        """Yield all on whom the approval rests, if it may count."""
        owner = each.giver or each.person
        people = {each.person, owner}
        hands = {self.asker, *self.editors, *self.setters}
        if each.digest != digest or people & hands:
            return
        if not self.there(owner, "approver") or not self.there(
            each.person, "requester", "approver", "operator", "auditor"
        ):
            return
        resting = {by for by, to in self.grants if to in people and by != to}
        if resting & hands or any(by == to for by, to in self.grants if to in people):
            return
        yield frozenset(people | resting)

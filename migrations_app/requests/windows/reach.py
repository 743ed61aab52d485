"""What a window matches now: hosts and open requests, in novaweb's copy of the clouds.

Names of a window are whole names, without wildcards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils import timezone

from migrations_app.models import MigrationRequest, Window
from migrations_app.models.states import OPEN_REQUESTS
from migrations_app.requests.unmatched import no_such, require_matched
from migrations_app.requests.windows import schedule
from migrations_app.requests.windows.actions import Wish, fields
from migrations_app.requests.windows.calendar import conflicts as calendar_conflicts
from migrations_app.requests.windows.calendar import occurrences
from migrations_app.requests.windows.calendar.scope import (
    Spot,
    Where,
    may_touch,
    touches,
)
from migrations_app.requests.windows.calendar.window import WindowKind, WindowRule
from migrations_app.requests.windows.places import KnownHosts


@dataclass(frozen=True, slots=True)
class Matches:
    """How many hosts and open requests a window is for, whatever the time."""

    hosts: int
    open_requests: int

    def __str__(self) -> str:
        return (
            f"It matches {self.hosts} host{'s' * (self.hosts != 1)} and"
            f" {self.open_requests} open request{'s' * (self.open_requests != 1)} now."
        )


class Reach:
    """The copy as it was when it was first asked: two queries, for many windows."""

    def __init__(self) -> None:
        self._known = KnownHosts()

    @cached_property
    def _hosts(self) -> list[tuple[str, Spot]]:
        return [(row.cloud, Spot(row.zone, row.host)) for row in self._known.all]

    @cached_property
    def _requests(self) -> list[Where]:
        rows = MigrationRequest.objects.filter(state__in=OPEN_REQUESTS).order_by()
        return [
            self._known.where(cloud, (source, target), any_target=not target)
            for cloud, source, target in rows.values_list(
                "cloud__name", "source", "target"
            )
        ]

    def matches(self, rule: WindowRule) -> Matches:
        """Return how many hosts and open requests the window is for.

        A freeze is also for those that may land on its hosts.
        """
        is_for = may_touch if rule.kind is WindowKind.FREEZE else touches
        return Matches(
            sum(touches(rule, Where(cloud, (it,))) for cloud, it in self._hosts),
            sum(is_for(rule, where) for where in self._requests),
        )

    def unmatched(self, rule: WindowRule) -> list[str]:
        """Return a sentence for each name that makes the window match nothing more."""
        found = []
        for condition, names in (("zones", rule.zones), ("hosts", rule.hosts)):
            for name in sorted(names):
                mine = [
                    (cloud, spot)
                    for cloud, spot in self._hosts
                    if name == (spot.host if condition == "hosts" else spot.zone)
                ]
                if not mine:
                    found.append(no_such(condition, name))
                elif not any(touches(rule, Where(at, (it,))) for at, it in mine):
                    noun = "The host" if condition == "hosts" else "No host of the zone"
                    verb = "is not in" if condition == "hosts" else "is in"
                    rest = "what else the window names"
                    found.append(f"{noun} “{name}” {verb} {rest}.")
        return found


def rule_of(wish: Wish) -> WindowRule:
    """Return the window that the wish would be. Raises Unfit."""
    return schedule.rule_of(Window(**fields(wish)))


def matches(row: Window) -> Matches:
    """Return how many hosts and open requests the window is for."""
    return Reach().matches(schedule.rule_of(row))


def why_unmatched(wish: Wish) -> list[str]:
    """Return a sentence for each reason that the wish matches nothing. Raises Unfit."""
    rule = rule_of(wish)
    return [*Reach().unmatched(rule), *over(rule)]


def require_reach(wish: Wish, *, agreed: bool) -> Wish:
    """Return the wish. Raises Unfit if it matches nothing, unless that is agreed to."""
    require_matched(why_unmatched(wish), agreed=agreed)
    return wish


def over(rule: WindowRule, now: datetime | None = None) -> list[str]:
    """Return the sentence about a window that is wholly in the past, if it is."""
    at = occurrences.over_at(rule)
    if at is None or at > (now or timezone.now()):
        return []
    over = calendar_conflicts.utc(at)
    return [f"Its last time was over at {over}: nothing falls into it."]

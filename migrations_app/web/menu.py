"""The menu of every page: main entries, and further ones under More."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.urls import reverse

from migrations_app.access import permissions
from migrations_app.access.permissions import Person, Verb

Words = tuple[str, str, str, Verb]
_DAILY: tuple[Words, ...] = (
    ("home", "Home", "home", Verb.SEE),
    ("instances", "Instances", "device-desktop", Verb.SEE),
    ("hypervisors", "Capacity", "server", Verb.SEE),
    ("requests", "Requests", "arrows-right-left", Verb.SEE),
    ("drains", "Drains", "arrow-bar-to-down", Verb.SEE),
)
_RARER: tuple[Words, ...] = (
    ("what-if", "What if", "help-circle", Verb.SEE),
    ("leaks", "Stale resources", "alert-triangle", Verb.SEE),
    ("services", "Services", "list-check", Verb.SEE),
    ("windows", "Windows and freezes", "calendar", Verb.SEE),
    ("audit", "Audit trail", "shield-check", Verb.SEE_AUDIT),
    ("policies", "Approval policies", "thumb-up", Verb.SEE_POLICIES),
    ("delegations", "Delegations", "users", Verb.SEE_DELEGATIONS),
    ("broken-glass", "Emergency starts", "alert-triangle", Verb.SEE),
    ("webhooks", "Webhooks", "send", Verb.WEBHOOKS),
    ("deliveries", "Deliveries", "list", Verb.WEBHOOKS),
    ("setup", "Set-up guide", "list-check", Verb.SET_UP),
)


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """Entry of the menu; ``current``: this page or a page above it.

    ``waiting``: number of objects that wait for this person's decision.
    """

    name: str
    word: str
    icon: str
    address: str
    current: bool
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Menu:
    """The entries for a person; ``here`` is the current entry under More."""

    daily: tuple[MenuEntry, ...]
    rarer: tuple[MenuEntry, ...]
    here: MenuEntry | None

    @property
    def waiting(self) -> int:
        """Number of objects in all that wait for this person's decision."""
        return sum(place.waiting for place in self.daily)


def menu(person: Person, path: str, waiting: Mapping[str, int]) -> Menu:
    """Return the menu for the person at the page ``path``.

    ``waiting`` maps an entry's name to its number of open decisions.
    """
    rarer = _open_to(person, _RARER, path)
    here = next((place for place in rarer if place.current), None)
    daily = tuple(
        replace(place, waiting=waiting.get(place.name, 0))
        for place in _open_to(person, _DAILY, path)
    )
    return Menu(daily=daily, rarer=rarer, here=here)


def _open_to(
    person: Person, places: tuple[Words, ...], path: str
) -> tuple[MenuEntry, ...]:
    return tuple(
        MenuEntry(name, word, icon, address, _leads_to(address, path))
        for name, word, icon, verb in places
        # who only administers has a home too
        if name == "home" or not permissions.why_not(person, verb)
        for address in (reverse(name),)
    )


def _leads_to(address: str, path: str) -> bool:
    # home's address is the beginning of every other
    return path == address or (address != reverse("home") and path.startswith(address))

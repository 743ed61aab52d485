"""Interface of Keystone where people sign in with what they have there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeystonePerson:
    """Who somebody is in Keystone: an id for ever, a name, the roles in the project.

    ``program``: an application credential of theirs, which may have fewer roles.
    ``limited``: one that is for some calls of OpenStack alone (its access rules).
    """

    user_id: str
    name: str
    roles: frozenset[str]
    program: bool = False
    limited: bool = False


class Keystone(Protocol):
    """The way to Keystone's door."""

    def look_up(self, name: str, secret: str) -> KeystonePerson | None:
        """Return who signs in so; None: name or secret is wrong, or no role is there.

        The token of that is thrown away. Raises WorldErrors when nobody can tell.
        """
        ...

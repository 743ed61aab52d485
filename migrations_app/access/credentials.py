"""What lets a person in once their password was right: sessions and API tokens."""

from __future__ import annotations

from dataclasses import dataclass

from knox.models import AuthToken

from migrations_app.access import sessions
from migrations_app.models import Session


@dataclass(frozen=True, slots=True)
class Ended:
    """How many sessions and tokens a person had that are no more."""

    sessions: int = 0
    tokens: int = 0

    def facts(self) -> dict[str, int]:
        """Return what the audit trail tells of it; nothing of what there was not."""
        found = {"sessions ended": self.sessions, "tokens revoked": self.tokens}
        return {what: count for what, count in found.items() if count}


def end_all(person_id: int, *, but: str = "") -> Ended:
    """End all sessions of the person but the one of that key, and revoke all tokens."""
    ended = sessions.of(person_id).exclude(pk=but).count()
    Session.objects.filter(person=person_id).exclude(pk=but).delete()
    tokens = AuthToken.objects.filter(user=person_id)
    count = tokens.count()
    tokens.delete()
    return Ended(sessions=ended, tokens=count)

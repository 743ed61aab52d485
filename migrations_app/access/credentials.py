"""What lets a person in once their password was right: API tokens."""

from __future__ import annotations

from dataclasses import dataclass

from knox.models import AuthToken


@dataclass(frozen=True, slots=True)
class Ended:
    """How many tokens a person had that are no more."""

    tokens: int = 0

    def facts(self) -> dict[str, int]:
        """Return what the audit trail tells of it; nothing of what there was not."""
        return {"tokens revoked": self.tokens} if self.tokens else {}


def end_all(person_id: int) -> Ended:
    """Revoke all tokens of the person, and return how many that were."""
    tokens = AuthToken.objects.filter(user=person_id)
    count = tokens.count()
    tokens.delete()
    return Ended(tokens=count)

"""What every verb about a request looks at first: person, request and draft."""

from __future__ import annotations

from django.contrib.auth.models import User

from migrations_app.access import permissions as policy
from migrations_app.access.permissions import Verb
from migrations_app.errors import NotAllowed, TooLate, Unfit, Unreachable
from migrations_app.models import MigrationRequest
from migrations_app.models.lookup import get_or_gone
from migrations_app.requests.plan import Draft


def allow(by: User, verb: Verb, *, request: MigrationRequest | None = None) -> None:
    """Raise NotAllowed or TooLate, with the sentence, where the person may not."""
    sentence = policy.why_not(policy.person(by), verb, request=request)
    if isinstance(sentence, policy.Late):
        raise TooLate(sentence)
    if sentence:
        raise NotAllowed(sentence)


def load(request_id: int) -> MigrationRequest:
    """Return the request of that number. Raises Gone."""
    rows = MigrationRequest.objects.select_related("cloud")
    return get_or_gone(rows, request_id, "request")


def fit(drawn: Draft) -> None:
    """Raise Unfit where the pre-flight forbids the draft."""
    if drawn.blocking:
        first = drawn.blocking[0]
        raise Unfit(f"{first.sentence} {first.remedy}".strip(), drawn.findings)


def whole(drawn: Draft) -> None:
    """Raise Unreachable where the draft was made without knowing all."""
    for sentence in drawn.unread.values():
        raise Unreachable(f"Not everything could be checked, so wait: {sentence}")

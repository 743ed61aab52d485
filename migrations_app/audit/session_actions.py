"""What people do about their own sessions, recorded."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from migrations_app.access import sessions
from migrations_app.audit import recorder
from migrations_app.errors import Gone, Unfit
from migrations_app.models import Session

OTHERS = "others"


def end(*, by: User, here: str, which: str) -> int:
    """End one of the person's sessions, or the others; return how many that were.

    ``here`` is the key of the session in use, which only a sign-out ends; ``which`` a
    reference to one, or ``others``. Raises Gone and Unfit.
    """
    mine = sessions.of(by.pk)
    keys = [row.session_key for row in mine if row.session_key != here]
    if which != OTHERS:
        if which == sessions.reference(here):
            raise Unfit("This is the session that you use: sign out to end it.")
        keys = [key for key in keys if sessions.reference(key) == which]
        if not keys:
            raise Gone("You have no such session. It may have ended by itself.")
    with transaction.atomic():
        count, _ = Session.objects.filter(pk__in=keys, person=by).delete()
        if count:
            facts = {"name": by.get_username(), "sessions ended": count}
            recorder.record("account.session_ended", by=by, after=facts)
    return count

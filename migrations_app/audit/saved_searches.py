"""Actions on saved searches of the audit trail."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from migrations_app.access import permissions
from migrations_app.access.permissions import Person, Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import recorder
from migrations_app.errors import Conflict, Gone, NotAllowed, Unfit
from migrations_app.models import SavedSearch

MOST_OF_ONE_PERSON = 100
NAME_LENGTH = 100


def seen_by(person: Person) -> QuerySet[SavedSearch]:
    """Return the person's saved searches and shared ones, by name."""
    return SavedSearch.objects.filter(Q(owner=person.id) | Q(shared=True))


def seen(number: int, *, by: Person) -> SavedSearch:
    """Return the search. Raises Gone, also for a private search of another person."""
    row = seen_by(by).filter(pk=number).first()
    if row is None:
        raise Gone(
            f"There is no saved search {number}, or it belongs to another person."
        )
    return row


def save(
    *, by: User, name: str, filters: Mapping[str, str], shared: bool = False
) -> SavedSearch:
    """Save the search under the name. Raises Unfit, Conflict, NotAllowed."""
    require(by, Verb.SAVE_SEARCH)
    name = " ".join(name.split())
    if not name:
        raise Unfit("Give the search a name.")
    if len(name) > NAME_LENGTH:
        raise Unfit(f"The name is too long: at most {NAME_LENGTH} characters.")
    kept = {key: str(value) for key, value in filters.items() if str(value).strip()}
    if not kept:
        raise Unfit("Set a filter first: a search without a filter finds all entries.")
    own = SavedSearch.objects.filter(owner=by)
    if own.count() >= MOST_OF_ONE_PERSON:
        raise Conflict(
            f"You have {MOST_OF_ONE_PERSON} saved searches: remove one of them first."
        )
    try:
        with transaction.atomic():
            require_now(by, Verb.SAVE_SEARCH)
            row = SavedSearch.objects.create(
                name=name,
                filters=kept,
                shared=shared,
                owner=by,
                owner_name=by.get_username(),
                made_at=timezone.now(),
            )
            after = {"name": name, "filters": kept, "shared": shared}
            recorder.record("search.saved", by=by, after=after)
    except IntegrityError as error:
        raise Conflict(
            f"You have a search “{name}” already. Choose another name, or remove it."
        ) from error
    return row


def remove(number: int, *, by: User) -> None:
    """Remove the search, which must be the person's own. Raises Gone, NotAllowed."""
    require(by, Verb.SAVE_SEARCH)
    person = permissions.person(by)
    row = seen(number, by=person)
    if row.owner_id != person.id:
        raise NotAllowed(f"Only its owner {row.owner_name} can remove it.")
    with transaction.atomic():
        require_now(by, Verb.SAVE_SEARCH)
        gone, _ = SavedSearch.objects.filter(pk=row.pk, owner=by).delete()
        if gone != 1:
            raise Gone(f"There is no saved search {number} any more.")
        before = {"name": row.name, "filters": row.filters, "shared": row.shared}
        recorder.record("search.removed", by=by, before=before)

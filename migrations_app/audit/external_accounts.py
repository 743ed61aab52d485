"""Accounts of people who sign in elsewhere: made at the first time, roles follow."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from migrations_app.access import accounts as access_accounts
from migrations_app.access.roles import Role
from migrations_app.audit.account_changes import AccountSnapshot, record_changes
from migrations_app.errors import NotAllowed
from migrations_app.models import ExternalIdentity

ROLES = frozenset(map(str, Role))
LONGEST = 255  # of what tells who somebody is (OpenID Connect Core 1.0, 2)


def settle(
    *, source: str, subject: str, name: str, roles: Collection[str], actor: str
) -> User:
    """Return the account of that person of that source, with exactly these roles.

    Groups that are no roles stay as they are, and so do the rights of staff. One is
    made where there is none, if there is a role; never is a local account taken for
    theirs. Changes are recorded as by ``actor``. Raises NotAllowed with a sentence:
    there is no role, the name is somebody else's or misleads, the account is switched
    off, or nobody is told of.
    """
    if not subject.strip() or len(subject) > LONGEST or "\0" in subject:
        raise NotAllowed(
            f"{actor} does not tell who you are. Ask an administrator of novaweb."
        )
    with transaction.atomic():
        link = (
            ExternalIdentity.objects.select_for_update()
            .select_related("person")
            .filter(source=source, subject=subject)
            .first()
        )
        if link is not None:
            user, before = link.person, AccountSnapshot.take(link.person)
        elif roles:
            user, before = _made(source, subject, name), AccountSnapshot()
        else:
            raise NotAllowed(_no_role(actor))
        kept = list(user.groups.exclude(name__in=ROLES))
        given = [Group.objects.get_or_create(name=each)[0] for each in sorted(roles)]
        user.groups.set([*kept, *given])
        record_changes(before, AccountSnapshot.take(user), by=None, actor_name=actor)
    # (roles that were lost are lost, also of who is not let in)
    if not user.is_active:
        raise NotAllowed(
            "Your account is disabled here. Ask an administrator of novaweb."
        )
    if not roles:
        raise NotAllowed(_no_role(actor))
    return user


def roles_now(*, source: str, subject: str) -> frozenset[str]:
    """Return the roles that the account of that person has; without one: none."""
    rows = User.objects.filter(
        external_identity__source=source, external_identity__subject=subject
    )
    return ROLES.intersection(rows.values_list("groups__name", flat=True))


def _made(source: str, subject: str, name: str) -> User:
    """Return a new account of that name, which has no password. Raises NotAllowed."""
    user = User(username=User.normalize_username(name))
    user.set_unusable_password()
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise NotAllowed(
            "The name that was given for you is empty, or cannot be one here. Ask an"
            " administrator of novaweb."
        ) from error
    taken = NotAllowed(
        f"There is an account {name} here already, and nobody knows whether it is"
        " yours. Ask an administrator of novaweb."
    )
    if User.objects.filter(username__iexact=user.username).exists():
        raise taken
    if why := access_accounts.why_no_name(user.username):
        raise NotAllowed(f"{why} Ask an administrator of novaweb.")
    try:
        with transaction.atomic():
            user.save()
            ExternalIdentity.objects.create(person=user, source=source, subject=subject)
    except IntegrityError as error:  # the same person, twice at once
        raise taken from error
    return user


def _no_role(actor: str) -> str:
    return (
        f"You are in no group that has a role here ({actor}). Ask an administrator of"
        " novaweb which group it takes."
    )

"""Second factors: who has one, who must have one, and what is kept of them.

allauth.mfa keeps them (``Authenticator``) and computes codes; access/ and audit/ decide
what follows. A security key and an app that shows codes (TOTP) are factors; recovery
codes stand in for one that is lost, and are none by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings
from django.db.models import QuerySet

from migrations_app.access import sealing
from migrations_app.access.allauth_adapters import PURPOSE
from migrations_app.access.roles import DECIDES, ROLES

if TYPE_CHECKING:
    from migrations_app.access.permissions import Person  # which asks this module

OFF, OFFERED, REQUIRED, OF_ALL = "off", "offered", "required", "required-of-all"
CHOICES = (OFF, OFFERED, REQUIRED, OF_ALL)
_Type = Authenticator.Type
APP, KEY, CODES = _Type.TOTP, _Type.WEBAUTHN, _Type.RECOVERY_CODES
# The roles that decide.
DECIDERS = frozenset(str(role) for verb in DECIDES for role in ROLES[verb])


def is_in_use() -> bool:
    """Return whether second factors are asked for and can be set up."""
    return str(settings.NOVAWEB_SECOND_FACTOR) != OFF


def of(person_id: int) -> QuerySet[Authenticator]:
    """Return the person's factors, and their recovery codes if they have any."""
    rows: QuerySet[Authenticator] = Authenticator.objects.filter(user_id=person_id)
    return rows.order_by("created_at", "pk")


def has_one(person_id: int | None) -> bool:
    """Return whether the person has set up a factor."""
    return person_id is not None and of(person_id).exclude(type=CODES).exists()


def has_key(person_id: int) -> bool:
    """Return whether the person has a security key."""
    return of(person_id).filter(type=KEY).exists()


def is_asked_of(person_id: int | None) -> bool:
    """Return whether a password alone does not let the person in."""
    return is_in_use() and has_one(person_id)


def is_required() -> bool:
    """Return whether somebody must have one."""
    return str(settings.NOVAWEB_SECOND_FACTOR) in (REQUIRED, OF_ALL)


def is_required_of(who: Person) -> bool:
    """Return whether the person must have one: who decides, or everybody."""
    if str(settings.NOVAWEB_SECOND_FACTOR) == OF_ALL:
        return True
    lifted = who.staff or who.superuser or bool(who.delegated)
    return is_required() and (lifted or not DECIDERS.isdisjoint(who.roles))


def lacks(who: Person) -> bool:
    """Return whether the person must have one, and has set up none."""
    return is_required() and is_required_of(who) and not has_one(who.id)


def codes_left(person_id: int) -> list[str]:
    """Return the recovery codes that were not used. Raises OtherKeyError."""
    row = of(person_id).filter(type=CODES).first()
    return list(RecoveryCodes(row).get_unused_codes()) if row is not None else []


def reseal() -> tuple[int, list[str]]:
    """Encrypt the secrets of all factors with SECRET_KEY, whichever key read them.

    Returns how many were read, and the names of the accounts whose were not.
    """
    done, unread = 0, []
    for row in Authenticator.objects.exclude(type=KEY).select_related("user"):
        name = "secret" if row.type == APP else "seed"
        try:
            row.data[name] = sealing.resealed(row.data[name], purpose=PURPOSE)
        except sealing.OtherKeyError:
            unread.append(row.user.get_username())
            continue
        row.save(update_fields=["data"])
        done += 1
    return done, sorted(set(unread))

"""Where a person's password is kept, and who set it: the person, or somebody else."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.core.exceptions import ValidationError
from django.utils import timezone

from migrations_app.models import ExternalIdentity, PasswordToChange


def set_by(name: str, *, person_id: int) -> None:
    """Have the person change the password, which somebody of that name has set."""
    fields = {"set_by_name": name[:150], "set_at": timezone.now()}
    PasswordToChange.objects.update_or_create(person_id=person_id, defaults=fields)


def set_by_owner(*, person_id: int) -> None:
    """The password is the person's own: nothing has to be changed."""
    PasswordToChange.objects.filter(person=person_id).delete()


def given_for() -> timedelta | None:
    """Return for how long a password is good that somebody else set; None: for ever."""
    return timedelta(hours=settings.NOVAWEB_GIVEN_PASSWORD_HOURS) or None


def why_expired(person_id: int) -> str:
    """Return why the person's password is not good any more; empty: it is.

    The owner's own password does not expire.
    """
    span, row = given_for(), PasswordToChange.objects.filter(person=person_id).first()
    if row is None or span is None or timezone.now() <= row.set_at + span:
        return ""
    return (
        f"The password that {row.set_by_name} set for you expired"
        f" {span / timedelta(hours=1):g} hours later. An administrator of novaweb can"
        " set a new one: sign in with that in time, and change it."
    )


def keystone_source() -> str:
    """Return by which name the identities of Keystone are kept."""
    return f"keystone:{settings.NOVAWEB_KEYSTONE_SIGN_IN}"


def is_local(name: str) -> bool:
    """Return whether an account here has that name, and a password here.

    However it is written: Keystone may take capitals for small letters.
    """
    if "\0" in name:
        return True  # nobody's, and nothing to ask a database for
    rows = User.objects.filter(username__iexact=name)
    return any(user.has_usable_password() for user in rows)


def can_be_entered(user: User) -> bool:
    """Return whether there is a password that this person can enter, here or there."""
    if user.has_usable_password():
        return True
    known = ExternalIdentity.objects.filter(person=user, source=keystone_source())
    return bool(settings.NOVAWEB_KEYSTONE_SIGN_IN) and known.exists()


class LongestPassword:
    """Validator: a password has at most 128 characters (OWASP ASVS 2.1.2)."""

    def __init__(self, max_length: int = 128) -> None:
        self.max_length = max_length

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raise ValidationError for a longer one."""
        if len(password) > self.max_length:
            raise ValidationError(
                f"This password is too long: it must have at most {self.max_length}"
                " characters."
            )

    def get_help_text(self) -> str:
        """Return the rule in a sentence."""
        return f"Your password must have at most {self.max_length} characters."

"""Who set a person's password: the person, or somebody else who knows it too."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils import timezone

from migrations_app.models import PasswordToChange


def set_by(name: str, *, person_id: int) -> None:
    """Have the person change the password, which somebody of that name has set."""
    fields = {"set_by_name": name[:150], "set_at": timezone.now()}
    PasswordToChange.objects.update_or_create(person_id=person_id, defaults=fields)


def set_by_owner(*, person_id: int) -> None:
    """The password is the person's own: nothing has to be changed."""
    PasswordToChange.objects.filter(person=person_id).delete()


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

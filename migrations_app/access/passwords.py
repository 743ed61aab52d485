"""Who set a person's password: the person, or somebody else who knows it too."""

from __future__ import annotations

from django.utils import timezone

from migrations_app.models import PasswordToChange


def set_by(name: str, *, person_id: int) -> None:
    """Have the person change the password, which somebody of that name has set."""
    fields = {"set_by_name": name[:150], "set_at": timezone.now()}
    PasswordToChange.objects.update_or_create(person_id=person_id, defaults=fields)


def set_by_owner(*, person_id: int) -> None:
    """The password is the person's own: nothing has to be changed."""
    PasswordToChange.objects.filter(person=person_id).delete()

"""The name of an account in forms of Django's admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.forms import ModelForm

from migrations_app.access import accounts as access_accounts

if TYPE_CHECKING:
    AnyForm = ModelForm[User]
    NewAccount = AdminUserCreationForm[User]
else:  # Django's own classes take no parameter while they run
    AnyForm = object
    NewAccount = AdminUserCreationForm


class NamedForm(AnyForm):
    """A form of an account, whose new name is one that nobody takes for another's."""

    def clean_username(self) -> str:
        """Return the name. Raises ValidationError."""
        name: str = self.cleaned_data["username"]
        # (one that is called so already is changed in peace)
        is_new = "username" in self.changed_data
        if is_new and (why := access_accounts.why_no_name(name, but=self.instance.pk)):
            raise ValidationError(why)
        return name


class NewAccountForm(NamedForm, NewAccount):
    """Makes an account."""

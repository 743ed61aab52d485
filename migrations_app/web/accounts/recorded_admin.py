"""Pages of Django's admin on which accounts and groups are changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from migrations_app.audit.account_changes import AccountSnapshot, record_changes
from migrations_app.web import password_again
from migrations_app.web.page import person_of

View = Callable[..., Any]


def confirmed(view: View) -> View:
    """Let in who sends something only if they have just shown that it is them.

    Who gives a role or sets a password can do whatever its owner can; a session that
    was left open must not be enough for that.
    """

    @wraps(view)
    def asked_first(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method == "POST":
            asked = password_again.ask_before_sign_in_changes(request)
            if asked is not None:
                return asked
        return view(self, request, *args, **kwargs)

    return asked_first


class Recorded:
    """Admin base that records every change after it, in the same transaction.

    The person who makes one confirms that it is them.
    """

    @confirmed
    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Show the list; carry out an action on rows of it."""
        return super().changelist_view(request, *args, **kwargs)  # type: ignore[misc]

    @confirmed
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Show the form; make or change a row by it."""
        return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    @confirmed
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask whether the row is to be deleted; delete it."""
        return super().delete_view(request, *args, **kwargs)  # type: ignore[misc]

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        """Save the related objects, then record the change."""
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        row = type(form.instance)._default_manager.get(pk=form.instance.pk)
        before = form.before if change else AccountSnapshot()
        record_changes(before, AccountSnapshot.take(row), by=by(request))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the object and record the deletion."""
        with transaction.atomic():
            before = AccountSnapshot.take(obj)
            super().delete_model(request, obj)  # type: ignore[misc]
            record_changes(before, AccountSnapshot(), by=by(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete the objects and record each deletion."""
        with transaction.atomic():
            before = [AccountSnapshot.take(row) for row in queryset]
            super().delete_queryset(request, queryset)  # type: ignore[misc]
            for each in before:
                record_changes(each, AccountSnapshot(), by=by(request))


def may_change_accounts(request: HttpRequest) -> bool:
    """Return whether nobody else than the person may be behind their own account."""
    return not person_of(request).unconfirmed


def by(request: HttpRequest) -> User:
    """Return who is signed in to the admin."""
    assert isinstance(request.user, User)  # noqa: S101 - the admin lets in nobody else
    return request.user

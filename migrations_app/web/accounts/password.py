"""Page to change the own password."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib import messages
from django.contrib.auth import authenticate, update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView, RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from migrations_app.access import sessions, sign_in_backend
from migrations_app.audit import account_changes
from migrations_app.errors import NotAllowed
from migrations_app.web.page import sorry, user_of
from migrations_app.widgets import StyledField

ELSEWHERE = (
    "Your account has no password here: you sign in elsewhere, and change it there."
)
WRONG = "Your present password is wrong."


class OwnPasswordForm(PasswordChangeForm):
    """Django's form; the present password is asked for behind the throttle."""

    bound_field_class = StyledField

    def __init__(self, *args: object, request: HttpRequest, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.request = request
        self.fields["old_password"].label = "Present password"
        self.fields["new_password1"].label = "New password"
        self.fields["new_password2"].label = "New password again"
        for field in self.fields.values():
            field.error_messages["required"] = "Please fill this in."

    def clean_old_password(self) -> str:
        """Return the present password. Raises ValidationError."""
        password = cast(str, self.cleaned_data["old_password"])
        name = self.user.get_username()
        if authenticate(self.request, username=name, password=password) == self.user:
            return password
        raise forms.ValidationError(sign_in_backend.says(self.request, wrong=WRONG))


class ChangePassword(RedirectURLMixin, PasswordChangeView):
    """Change the password; sessions elsewhere and tokens end with the old one."""

    form_class = OwnPasswordForm
    template_name = "accounts/password.html"
    next_page = "home"

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        """Refuse who signs in elsewhere: there is nothing to change here."""
        if not user_of(request).has_usable_password():
            return sorry(request, NotAllowed(ELSEWHERE))
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, object]:
        """Give the form the request, too."""
        return {**super().get_form_kwargs(), "request": self.request}

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        """Give the page the address to go on to."""
        return {**super().get_context_data(**kwargs), "next": self.get_redirect_url()}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Set the new password, and keep this session alone."""
        user = user_of(self.request)
        account_changes.set_own_password(
            user,
            form.cleaned_data["new_password1"],
            here=self.request.session.session_key or "",
        )
        update_session_auth_hash(self.request, user)
        sessions.password_entered(self.request)
        messages.success(
            self.request,
            "Your password is changed. Your other sessions and your API tokens ended.",
        )
        return HttpResponseRedirect(self.get_success_url())

    def form_invalid(self, form: PasswordChangeForm) -> HttpResponse:
        """Show the form again with status 422."""
        response = super().form_invalid(form)
        response.status_code = 422
        return response

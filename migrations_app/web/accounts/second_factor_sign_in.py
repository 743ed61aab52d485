"""The second step of a sign-in: who has a second factor shows it."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.stagekit import clear_login
from allauth.account.stages import LoginStage
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_http_methods

from migrations_app.access import second_factor, second_factor_check, sessions
from migrations_app.web.accounts.factor_form import FactorForm

KEY = "second-factor"


class SecondFactorStage(LoginStage):  # type: ignore[misc]
    """allauth's step after the password, for who has a second factor."""

    key = KEY
    urlname = "second-factor-sign-in"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Lead to the page that asks for it; who has none goes on."""
        user = self.login.user
        if not second_factor.is_asked_of(user.pk):
            return None, True
        self.state["session_hash"] = user.get_session_auth_hash()
        self.state["backend"] = user.backend
        return redirect(self.urlname), True


@login_not_required
@login_stage_required(stage=KEY, redirect_urlname="login")  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Ask for the second factor; with the right one the person is signed in."""
    stage: Any = request._login_stage  # type: ignore[attr-defined]
    user: User = stage.login.user
    if not _still_holds(stage, user):
        clear_login(request)
        return redirect("login")
    sent = request.POST if request.method == "POST" else None
    form = FactorForm(sent, request=request, user=user)
    if form.is_valid():
        user.backend = stage.state["backend"]
        request.shown_factor = form.shown.kind  # type: ignore[attr-defined]
        answer: HttpResponse = stage.exit()
        if request.user.is_authenticated:
            sessions.factor_shown(request)
        return answer
    context = {"form": form, "name": user.get_username()}
    if second_factor.has_key(user.pk):
        context["key_options"] = second_factor_check.key_request(request, user)
    answer = render(
        request, "accounts/second_factor_sign_in.html", context, status=form.status
    )
    if form.shown.wait:
        answer["Retry-After"] = str(form.shown.wait)
    return answer


def _still_holds(stage: Any, user: User) -> bool:
    """Whether the account is as it was when the password was looked at."""
    known = str(stage.state.get("session_hash", ""))
    return (
        user.is_active
        and constant_time_compare(known, user.get_session_auth_hash())
        and second_factor.is_asked_of(user.pk)
    )

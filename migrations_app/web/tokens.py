"""Page of one's own API tokens."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from migrations_app.audit import tokens as api_tokens
from migrations_app.web import password_again
from migrations_app.web.page import page, user_of
from migrations_app.web.posted import posted

MOST = 100


@require_safe
@page()
def tokens(request: HttpRequest) -> HttpResponse:
    """List one's own tokens: what each may, since when and until when."""
    context = {"rows": api_tokens.of(user_of(request))[:MOST]}
    return render(request, "tokens.html", context)


@posted("tokens")
@page()
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke one of one's own tokens, with a password that was entered recently."""
    asked = password_again.ask_if_due(request)
    if asked is not None:
        return asked
    api_tokens.revoke(pk, by=user_of(request))
    messages.success(request, "The token is revoked: no program can use it any more.")
    return redirect("tokens")

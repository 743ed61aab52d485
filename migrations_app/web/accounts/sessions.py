"""Page of the own sessions and tokens."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from migrations_app.access import sessions
from migrations_app.audit import session_actions
from migrations_app.errors import NovawebError
from migrations_app.web import password_again
from migrations_app.web.page import sorry, user_of


@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """List the person's sessions; end one of them, or all but this one.

    Who ends one enters the password again, if some time has passed since.
    """
    user, here = user_of(request), request.session.session_key or ""
    if request.method == "POST":
        asked = password_again.ask_if_due(request)
        if asked is not None:
            return asked
        try:
            count = session_actions.end(
                by=user, here=here, which=request.POST.get("which", "")
            )
        except NovawebError as error:
            return sorry(request, error)
        messages.success(request, "Ended." if count else "There was no other session.")
        return redirect("sessions")
    rows = [
        (row, sessions.reference(row.session_key), row.session_key == here)
        for row in sessions.of(user.pk)
    ]
    return render(request, "accounts/sessions.html", {"rows": rows})

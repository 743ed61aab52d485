"""Download of what novaweb keeps of the person who is signed in."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from migrations_app.access import throttle
from migrations_app.audit import download, own_data
from migrations_app.errors import NovawebError
from migrations_app.web import password_again
from migrations_app.web.page import sorry, user_of
from migrations_app.web.posted import posted


@posted("sessions")
def export(request: HttpRequest) -> HttpResponseBase:
    """Send it as a file; the password must have been entered recently."""
    user = user_of(request)
    asked = password_again.ask_if_due(request)
    if asked is not None:
        return asked
    try:
        throttle.admit(user.pk, "export")
    except NovawebError as error:
        return sorry(request, error)
    chunks = (piece.encode() for piece in own_data.export(user))
    answer = download.in_pieces(request, chunks, "application/json")
    answer["Content-Disposition"] = 'attachment; filename="novaweb-my-data.json"'
    return answer

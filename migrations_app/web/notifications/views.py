"""Pages of notifications and their settings."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import (
    require_http_methods,
    require_safe,
)

from migrations_app.access import permissions
from migrations_app.access.permissions import Verb
from migrations_app.errors import NovawebError
from migrations_app.notifications import inbox, mail, preferences
from migrations_app.notifications.events import EVENTS, Channel, Scope
from migrations_app.web.lists import Pages, rows_per_page
from migrations_app.web.page import is_htmx, page, person_of, user_of
from migrations_app.web.posted import posted
from migrations_app.wording import whole_number

WORDS = {
    Scope.MINE: "mine",
    Scope.ALL: "all",
    Scope.NEVER: "nothing",
}


@require_safe
@page()
def notices(request: HttpRequest) -> HttpResponse:
    """List the person's notifications, newest first."""
    rows = inbox.of(person_of(request))
    only = request.GET.get("only") == "unread"
    if only:
        rows = rows.filter(read_at=None)
    found = Pages(rows, rows_per_page(request)).get_page(request.GET.get("page"))
    newest = max((row.pk for row in found), default=0)
    context = {"found": found, "only": only, "newest": newest}
    return render(request, "notifications/list.html", context)


@require_safe
@page()
def bell(request: HttpRequest) -> HttpResponse:
    """Return the bell, and what is new since the notification ``seen`` beside it."""
    seen = whole_number(request.GET.get("seen", ""))
    told = [] if seen is None else inbox.new(person_of(request), since=seen)
    return render(request, "notifications/_bell_and_toasts.html", {"told": told})


@posted("notices")
@page()
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark the notification as read; redirect to its subject."""
    notice = inbox.read(pk, by=user_of(request))
    if request.POST.get("stay"):
        return redirect("notices")
    return redirect(notice.path)


@posted("notices")
@page()
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all notifications up to the newest shown as read."""
    until = request.POST.get("until", "")
    count = inbox.read_all(by=user_of(request), until=whole_number(until) or 0)
    if not is_htmx(request):
        messages.success(request, f"Read: {count}.")
    return redirect("notices")


@require_http_methods(["GET", "HEAD", "POST"])
@page()
def own(request: HttpRequest) -> HttpResponse:
    """Show and save the person's notification settings."""
    user = user_of(request)
    if request.method == "POST":
        try:
            preferences.choose(by=user, wanted=_wanted(request.POST))
        except NovawebError as error:
            messages.error(request, error.sentence)
        else:
            messages.success(request, "Your notification settings are saved.")
        return redirect("choices")
    context = {
        "lines": preferences.lines(person=user),
        "scopes": list(WORDS.items()),
        "groups": _groups(request),
        "address": user.email,
        "mail_on": mail.configured(),
        "wrong_address": mail.why_no_address(user.email) if user.email else "",
    }
    return render(request, "notifications/choices.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Verb.WEBHOOKS)
def of_group(request: HttpRequest, pk: int) -> HttpResponse:
    """Show and save a group's notification settings."""
    if request.method == "POST":
        try:
            group = preferences.choose_for(
                pk, by=user_of(request), wanted=_wanted(request.POST)
            )
        except NovawebError as error:
            messages.error(request, error.sentence)
        else:
            messages.success(
                request, f"The notification settings of {group.name} are saved."
            )
        return redirect("group-choices", pk=pk)
    group = preferences.group_of(pk)
    context = {
        "group": group,
        "lines": preferences.lines(group=group),
        "scopes": list(WORDS.items()),
        "groups": _groups(request),
    }
    return render(request, "notifications/choices.html", context)


def _groups(request: HttpRequest) -> list[Group]:
    if permissions.why_not(person_of(request), Verb.WEBHOOKS):
        return []
    return list(Group.objects.order_by("name"))


def _wanted(sent: QueryDict) -> dict[str, dict[str, str]]:
    return {
        event: {str(channel): sent.get(f"{channel}-{event}", "") for channel in Channel}
        for event in EVENTS
    }

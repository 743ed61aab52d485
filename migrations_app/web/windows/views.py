"""Pages of windows, freezes and calendar files."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_safe,
)

from migrations_app.access.permissions import Verb
from migrations_app.errors import NovawebError, Unfit
from migrations_app.models import Window
from migrations_app.requests.unmatched import require_matched
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows import calendar_files, reach, schedule
from migrations_app.requests.windows.actions import Wish
from migrations_app.requests.windows.calendar.ics import LARGEST
from migrations_app.requests.windows.calendar.ics_lines import decoded
from migrations_app.requests.windows.calendar.window import Occurrence
from migrations_app.requests.windows.calendar_files import EventDefaults, Planned
from migrations_app.web.note_form import note_in
from migrations_app.web.page import page, user_of
from migrations_app.web.posted import posted
from migrations_app.web.windows.forms import (
    CalendarForm,
    FileForm,
    WindowForm,
    initial,
    split,
)
from migrations_app.web.windows.strips import scale, strips
from migrations_app.wording import whole_number

DAYS = 30
MOST = 300


@require_safe
@page()
def windows(request: HttpRequest) -> HttpResponse:
    """Show the occurrences of the next 30 days, and all windows."""
    form = CalendarForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    occurrences = schedule.calendar(
        days=DAYS, most=MOST + 1, **{name: wanted.get(name, "") for name in form.fields}
    )
    now = timezone.now()
    retired = "retired" in request.GET
    rows = Window.objects.filter(active=not retired).order_by("name", "id")[:500]
    context = {
        "form": form,
        "days": _by_day(occurrences[:MOST]),
        "strips": strips(occurrences[:MOST], since=now, days=DAYS),
        "scale": scale(since=now, days=DAYS),
        "count_days": DAYS,
        "more": len(occurrences) > MOST,
        "rows": [(row, schedule.rule_of(row)) for row in rows],
        "retired": retired,
    }
    return render(request, "windows/list.html", context)


@require_safe
@page()
def window(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one window and its next occurrences."""
    return _show(request, window_actions.window(pk))


@require_http_methods(["GET", "HEAD", "POST"])
@page(Verb.CALENDAR)
def new(request: HttpRequest) -> HttpResponse:
    """Show the form; create the window."""
    form = WindowForm(request.POST or None, initial={"kind": "maintenance"})
    if request.method != "POST":
        return _form(request, form)
    if not form.is_valid():
        return _form(request, form, status=422)
    more: dict[str, Any] = {}
    try:
        wish = _matched(form, more)
        row = window_actions.create(wish, by=user_of(request))
    except NovawebError as error:
        more["trouble"] = error.sentence
        return _form(request, form, **more, status=error.status)
    said = f"The window is created and takes effect now. {reach.matches(row)}"
    messages.success(request, said)
    return redirect("window", pk=row.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Verb.CALENDAR)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the filled form; save the window."""
    row = window_actions.window(pk)
    if request.method != "POST":
        return _form(request, WindowForm(initial=initial(row)), row)
    form = WindowForm(request.POST)
    if not form.is_valid():
        return _form(request, form, row, status=422)
    more: dict[str, Any] = {}
    try:
        version = _number(request.POST.get("version", ""))
        wish = _matched(form, more)
        row = window_actions.change(pk, wish, by=user_of(request), version=version)
    except NovawebError as error:
        more["trouble"] = error.sentence
        return _form(request, form, row, **more, status=error.status)
    messages.success(request, f"The window is saved. {reach.matches(row)}")
    return redirect("window", pk=pk)


@posted("window", "pk")
@page(Verb.CALENDAR)
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Retire the window."""
    try:
        window_actions.retire(pk, by=user_of(request), note=note_in(request.POST))
    except NovawebError as error:
        status = error.status
        row = window_actions.window(pk)
        note = request.POST.get("note", "")
        context = {"trouble": error.sentence, "note": note}
        return _show(request, row, context, status=status)
    messages.success(request, "The window is retired.")
    return redirect("window", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Verb.CALENDAR)
def take_in(request: HttpRequest) -> HttpResponse:
    """Preview the import of a calendar file, then carry it out."""
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method != "POST":
        return _file(request, form)
    if not form.is_valid():
        return _file(request, form, status=422)
    try:
        text = _text(form)
        act = calendar_files.take_in if _sure(request) else calendar_files.preview
        planned = act(text, _scope(form), by=user_of(request))
    except NovawebError as error:
        return _file(request, form, trouble=error.sentence, status=error.status)
    shown: dict[str, Any] = {
        "planned": planned,
        "summary": calendar_files.summary(planned),
        "unmatched": sorted({it for each in planned for it in each.unmatched}),
    }
    if _sure(request):
        return _file(request, FileForm(), **shown, done=True)
    return _file(request, form, **shown, text=decoded(text))


@require_safe
@page()
def give_out(request: HttpRequest) -> HttpResponse:
    """Return all active windows as a calendar file."""
    data = calendar_files.give_out(Window.objects.filter(active=True))
    return HttpResponse(
        data,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="novaweb.ics"'},
    )


def _by_day(occurrences: Sequence[Occurrence]) -> list[tuple[Any, list[Occurrence]]]:
    return [
        (day, list(found))
        for day, found in groupby(occurrences, key=lambda each: each.begins.date())
    ]


def _show(
    request: HttpRequest,
    row: Window,
    more: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    rule = schedule.rule_of(row)
    context = {
        "row": row,
        "rule": rule,
        "next": schedule.next_of(rule) if row.active else [],
        "matches": reach.matches(row),
        **(more or {}),
    }
    return render(request, "windows/window.html", context, status=status)


def _form(
    request: HttpRequest,
    form: WindowForm,
    row: Window | None = None,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {
        "form": form,
        "row": row,
        **more,
        # who saw an older one must not be handed the newest unread
        "seen": request.POST.get("version", ""),
    }
    return render(request, "windows/form.html", context, status=status)


def _matched(form: WindowForm, context: dict[str, Any]) -> Wish:
    """Return the wish. Raises Unfit if it matches nothing, until that is agreed to."""
    wish = form.wish
    context["unmatched"] = reach.why_unmatched(wish)
    require_matched(context["unmatched"], agreed=form.cleaned_data["unmatched"])
    return wish


def _file(
    request: HttpRequest, form: FileForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {"form": form, "planned": list[Planned](), **more}
    return render(request, "windows/file.html", context, status=status)


def _sure(request: HttpRequest) -> bool:
    return "confirm" in request.POST


def _text(form: FileForm) -> bytes:
    file = form.cleaned_data["file"]
    if file is None:
        text: str = form.cleaned_data["text"]
        if not text.strip():
            raise Unfit("Choose a calendar file first.")
        return text.encode()
    if file.size > LARGEST:
        raise Unfit(f"The file is larger than {LARGEST // 1024} KiB: split it.")
    return bytes(file.read())


def _scope(form: FileForm) -> EventDefaults:
    given = form.cleaned_data
    return EventDefaults(
        kind=given["kind"],
        time_zone=given["time_zone"],
        clouds=split(given["clouds"]),
        zones=split(given["zones"]),
        hosts=split(given["hosts"]),
        unmatched=given["unmatched"],
    )


def _number(text: str) -> int:
    return whole_number(text, most=2**31 - 1) or 0

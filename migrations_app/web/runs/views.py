"""Pages of runs: the run, its log in three forms, and actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from migrations_app.access.permissions import Person, Verb
from migrations_app.audit import download
from migrations_app.errors import Gone, NovawebError, Unfit
from migrations_app.models import Line, MigrationRequest, Removal, Run, Step
from migrations_app.runs import actions as run_actions
from migrations_app.runs import downtime
from migrations_app.runs import queries as run_queries
from migrations_app.runs.downtime import Probed, Standstill
from migrations_app.runs.log_export import log_bytes
from migrations_app.runs.queries import LAST_LINE, LOG, removed
from migrations_app.web.note_form import note_in
from migrations_app.web.page import page, person_of, user_of
from migrations_app.web.posted import posted
from migrations_app.web.runs.latency_chart import Picture, picture
from migrations_app.web.tags.runs import log_line
from migrations_app.wording import whole_number

# The parts of the page that change while a run goes on, each by one template that the
# page, the stream and the poll all use.
PARTS = {
    "head": "runs/_head.html",
    "banner": "runs/_banner.html",
    "progress": "runs/_progress.html",
    "downtime": "runs/_downtime.html",
    "steps": "runs/_steps.html",
    "controls": "runs/_controls.html",
}
_VERBS: dict[str, tuple[Callable[..., Run], str]] = {
    Verb.STOP: (
        run_actions.stop,
        "The run will stop and roll back as soon as possible.",
    ),
    Verb.ABORT: (run_actions.abort, "Nova will be asked to abort the live migration."),
    Verb.FORCE_COMPLETE: (
        run_actions.force_complete,
        "Nova will be asked to complete the live migration now.",
    ),
    Verb.LOOK_AGAIN: (run_actions.look_again, "The run is being checked again."),
    Verb.GO_BACK: (run_actions.go_back, "The run is rolling back."),
    Verb.CLOSE: (run_actions.close, "You closed the run manually."),
}


@require_safe
@page()
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the current state of the run; stream.js keeps the page up to date."""
    return _show(request, run_queries.run(pk))


@require_safe
@page()
def lines(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the new lines, for browsers without a stream."""
    after = whole_number(request.GET.get("after", "0"), most=LAST_LINE)
    if after is None:
        raise Unfit("“after” must be a line number.")
    pulse = run_queries.pulse(pk)
    fresh = run_queries.lines_after(pk, after)
    caught_up = not fresh or fresh[-1].number >= pulse.last_number
    answer = {
        "lines": [{"number": each.number, "html": log_line(each)} for each in fresh],
        "parts": parts(run_queries.run(pk), person_of(request)),
        "over": pulse.over and caught_up,
    }
    return JsonResponse(answer)


@require_safe
@page()
def log(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Return the whole log as plain text, sent while it is read."""
    row = run_queries.run(pk)
    if gone := removed(row, LOG):
        raise Gone(f"The log of run {pk} was removed on {gone.at:%Y-%m-%d}.")
    sent = log_bytes(run_queries.all_lines(row.pk))
    response = download.in_pieces(request, sent, "text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="run-{pk}.txt"'
    return response


@posted("run", "pk")
@page()
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Carry out the action in the address."""
    if verb not in _VERBS:
        raise Http404
    carry_out, said = _VERBS[verb]
    try:
        carry_out(pk, by=user_of(request), note=note_in(request.POST))
    except NovawebError as error:
        return _show(
            request,
            run_queries.run(pk),
            trouble=error.sentence,
            tried=verb,
            note=request.POST.get("note", ""),
            status=error.status,
        )
    messages.success(request, said)
    return redirect("run", pk=pk)


@dataclass(frozen=True, kw_only=True)
class ChangingParts:
    """What the templates in PARTS show of a run, as of one moment."""

    run: Run
    move: MigrationRequest
    steps: list[Step]
    shown: Step | None  # the step under way that says how far it is
    no_return: bool  # the point of no return is passed
    live: bool
    measured: Standstill | None
    estimated: str
    probe: Probed | None
    latency: Picture | None


@dataclass(frozen=True, kw_only=True)
class RunPage(ChangingParts):
    """What runs/run.html shows of a run to a person."""

    lines: list[Line]  # the last ones
    before: int  # how many stand before them, in the text file only
    log_removed: Removal | None
    over: bool
    trouble: str = ""  # why what they asked for was not done
    tried: str = ""  # what that was: its form has their words again, and is open
    note: str = ""  # what they typed, so that it is not lost


def parts(row: Run, person: Person) -> dict[str, str]:
    """Return the changing parts of the page as of one moment.

    They contain no elapsed time and no token, so that their text changes only when
    something has happened, and the page is updated only then.
    """
    context = {**vars(_changing(row)), "person": person, "streamed": True}
    return {
        name: render_to_string(template, context) for name, template in PARTS.items()
    }


def _changing(row: Run) -> ChangingParts:
    steps = run_queries.steps(row)
    probe = downtime.probed(row)
    current = [s for s in steps if s.state in ("under_way", "going_back")]
    return ChangingParts(
        run=row,
        move=row.request,
        steps=steps,
        shown=next((s for s in current if s.progress), None),
        no_return=any(s.final and s.state == "done" for s in steps),
        live=row.request.procedure == "live",
        measured=downtime.measured(steps),
        estimated=downtime.estimated(row.request.estimate),
        probe=probe,
        latency=picture(probe.answers, probe.result, probe.words) if probe else None,
    )


def _show(
    request: HttpRequest,
    row: Run,
    *,
    trouble: str = "",
    tried: str = "",
    note: str = "",
    status: int = 200,
) -> HttpResponse:
    most = run_queries.LINES_ON_A_PAGE
    before = max(0, row.last_number - most)
    shown = RunPage(
        **vars(_changing(row)),
        lines=run_queries.lines_after(row.pk, before, limit=most),
        before=before,
        log_removed=removed(row, LOG),
        over=row.ended_at is not None,
        trouble=trouble,
        tried=tried,
        note=note,
    )
    return render(request, "runs/run.html", vars(shown), status=status)

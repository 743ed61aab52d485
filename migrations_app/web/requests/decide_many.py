"""Several requests are decided at once, each with its own checks and result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from migrations_app.access import permissions
from migrations_app.access.permissions import Person, Verb
from migrations_app.errors import NovawebError, Unfit
from migrations_app.models import MigrationRequest
from migrations_app.requests import many
from migrations_app.requests import queries as request_queries
from migrations_app.requests.many import Result
from migrations_app.web import password_again
from migrations_app.web.note_form import note_in
from migrations_app.web.page import page, person_of, user_of
from migrations_app.wording import whole_number


@dataclass(frozen=True, slots=True)
class Choice:
    """A selected request, what the person may do to it, and its findings but for OK."""

    move: MigrationRequest
    may: frozenset[Verb]
    why_not: str  # if they may do none of it
    findings: list[dict[str, Any]]


@require_http_methods(["GET", "HEAD", "POST"])
@page()
def decide_many(request: HttpRequest) -> HttpResponse:
    """Show the selected requests with their plans; carry out what is decided."""
    if request.method != "POST":
        return _show(request, _numbers(request.GET.getlist("request")))
    verb = request.POST.get("verb", "")
    if verb not in set(map(str, many.DONE)):
        raise Unfit("Choose to approve, to reject or to withdraw.")
    if verb == Verb.APPROVE:
        asked = password_again.ask_if_due(request)
        if asked is not None:
            return asked
    numbers = _numbers(request.POST.getlist("request"))
    try:
        note = note_in(request.POST)
        if not note.strip():
            raise Unfit("Give your reason: approvers and auditors read it.")
    except NovawebError as error:
        note = request.POST.get("note", "")
        return _show(request, numbers, note=note, trouble=error)
    there = request_queries.requests().in_bulk(numbers)
    digests = {
        number: request.POST.get(f"digest-{number}", "")
        for number in numbers
        if number in there
    }
    results = many.decide(Verb(verb), digests, by=user_of(request), note=note)
    left = [it.number for it in results if not it.done and it.number is not None]
    return _show(request, left, note=note if left else "", results=results)


def _numbers(texts: list[str]) -> list[int]:
    return [
        number
        for text in many.few(texts, what="requests")
        if (number := whole_number(text)) is not None
    ]


def _show(
    request: HttpRequest,
    numbers: list[int],
    *,
    note: str = "",
    trouble: NovawebError | None = None,
    results: Sequence[Result] = (),
) -> HttpResponse:
    person = person_of(request)
    found = request_queries.requests().in_bulk(numbers)
    choices = [_choice(person, found[number]) for number in numbers if number in found]
    context = {
        "choices": choices,
        "may": {verb for each in choices for verb in each.may},
        "results": results,
        "done": sum(each.done for each in results),
        "note": note,
        "trouble": trouble.sentence if trouble else "",
    }
    status = trouble.status if trouble else 200
    return render(request, "requests/decide_many.html", context, status=status)


def _choice(person: Person, row: MigrationRequest) -> Choice:
    refusals = {
        verb: permissions.why_not(person, verb, request=row) for verb in many.DONE
    }
    first = refusals[Verb.APPROVE] or refusals[Verb.WITHDRAW]
    may = frozenset(verb for verb, refusal in refusals.items() if refusal is None)
    return Choice(
        move=row,
        may=may,
        why_not="" if may or first is None else first.sentence,
        findings=[each for each in row.findings if each["severity"] != "ok"],
    )

"""Parts of a run's log that its page does not show: earlier lines, and what is found.

A page keeps as many lines as are read at once. The rest is fetched.
"""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from migrations_app.errors import Unfit
from migrations_app.models import Line
from migrations_app.runs import queries as run_queries
from migrations_app.runs.queries import LAST_LINE, LINES_ON_A_PAGE
from migrations_app.web.page import page
from migrations_app.web.tags.runs import log_line
from migrations_app.wording import whole_number

MOST_FOUND = 200
MOST_WORDS = 10


@require_safe
@page()
def earlier(request: HttpRequest, pk: int) -> JsonResponse:
    """Return the last lines before the one of the number ``before``."""
    before = whole_number(request.GET.get("before", str(LAST_LINE)), most=LAST_LINE)
    if before is None:
        raise Unfit("“before” must be a line number.")
    run_queries.pulse(pk)
    rows = run_queries.lines_before(pk, before, limit=LINES_ON_A_PAGE)
    return _answer(rows)


@require_safe
@page(dear="log search")
def found(request: HttpRequest, pk: int) -> JsonResponse:
    """Return the first lines that have all words of ``words``, and their number."""
    words = request.GET.get("words", "").split()
    if not words or len(words) > MOST_WORDS:
        raise Unfit(f"Search for one to {MOST_WORDS} words.")
    run_queries.pulse(pk)
    rows, count = run_queries.lines_with(pk, words, limit=MOST_FOUND)
    return _answer(rows, count=count)


def _answer(rows: list[Line], **more: int) -> JsonResponse:
    lines = [{"number": each.number, "html": log_line(each)} for each in rows]
    return JsonResponse({"lines": lines, **more})

"""What pages and the API read of runs: steps, log, and whether a worker walks them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.db.models import Avg, DurationField, ExpressionWrapper, F, Max
from django.utils import timezone

from migrations_app.models import Line, Pacer, Removal, Run, Step
from migrations_app.models.lookup import get_or_gone
from migrations_app.models.states import OPEN_RUNS

PACER_PATIENCE = timedelta(seconds=10)
LINES_ON_A_PAGE = 1000


# -- is what we show still so? ------------------------------------------------------


def worker_trouble() -> str:
    """Return the warning that no worker is running; empty if one is."""
    seen = Pacer.objects.filter(pk=1).values_list("seen_at", flat=True).first()
    if seen is None:
        return (
            "No worker is running: no move starts or continues until one is started"
            " with “manage.py worker”."
        )
    if timezone.now() - seen > PACER_PATIENCE:
        return (
            f"No worker is running: none has looked for work since {seen:%H:%M:%S}"
            f" UTC on {seen:%d %b}. Moves wait, and continue as soon as one is"
            " started with “manage.py worker”."
        )
    return ""


# -- runs ---------------------------------------------------------------------------


def run(number: int) -> Run:
    """Return the run with its request and cloud. Raises Gone when there is none."""
    return get_or_gone(Run.objects.select_related("request__cloud"), number, "run")


def steps(of: Run) -> list[Step]:
    """Return the run's steps in the order of the plan."""
    return list(of.steps.all())


@dataclass(frozen=True, slots=True)
class StepDuration:
    """How long a step of a procedure took, over several runs."""

    procedure: str
    step: str
    mean: timedelta
    longest: timedelta


def step_durations(runs: int) -> list[StepDuration]:
    """Return how long each step that was done took in the newest ``runs`` runs."""
    newest = list(Run.objects.order_by("-pk").values_list("pk", flat=True)[:runs])
    took = ExpressionWrapper(F("done_at") - F("begun_at"), DurationField())
    rows = (
        Step.objects.filter(run__in=newest, done_at__isnull=False)
        .order_by()
        .values_list("run__request__procedure", "key")
        .annotate(mean=Avg(took), longest=Max(took))
    )
    return [StepDuration(*row) for row in rows if row[2] is not None]


def lines_after(run: int, number: int, *, limit: int = 500) -> list[Line]:
    """Return the log lines after that number.

    Numbers are given out under the run's row lock, so that a reader whose cursor is a
    number never misses a late commit. Each line knows the step of the one before it.
    """
    rows = list(Line.objects.filter(run=run, number__gte=number)[: limit + 1])
    for before, row in pairwise(rows):
        row.previous_step = before.step
    known = bool(rows) and rows[0].number <= number
    return rows[1:] if known else rows[:limit]


def lines_before(run: int, number: int, *, limit: int = 500) -> list[Line]:
    """Return the last log lines before that number, in order; each knows a step."""
    rows = list(
        Line.objects.filter(run=run, number__lt=number).order_by("-number")[:limit]
    )[::-1]
    for before, row in pairwise(rows):
        row.previous_step = before.step
    return rows


def lines_with(run: int, words: Sequence[str], *, limit: int) -> tuple[list[Line], int]:
    """Return the first log lines that have all the words, and how many there are."""
    rows = Line.objects.filter(run=run)
    for word in words:
        rows = rows.filter(text__icontains=word)
    found = list(rows[: limit + 1])
    count = rows.count() if len(found) > limit else len(found)
    return found[:limit], count


def all_lines(run: int) -> Iterator[Line]:
    """Yield the log lines in their order, read a few hundred at a time."""
    return Line.objects.filter(run=run).order_by("number").iterator(chunk_size=500)


@dataclass(frozen=True)
class Pulse:
    """Values that change whenever something about a run may have changed."""

    state: str
    last_number: int
    looked_at: datetime | None
    stop_asked_at: datetime | None
    force_asked_at: datetime | None

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self.state not in OPEN_RUNS


def pulse(run: int) -> Pulse:
    """Return the run's pulse, by its primary key alone. Raises Gone."""
    rows = Run.objects.values_list(
        "state", "last_number", "looked_at", "stop_asked_at", "force_asked_at"
    )
    return Pulse(*get_or_gone(rows, run, "run"))


LAST_LINE = 2**31 - 1  # the greatest number that a line can have
LOG, SAMPLES = "log", "samples"


def removed(run: Run, what: str) -> Removal | None:
    """Return the record of the removal from the run; None if there is none."""
    return Removal.objects.filter(run=run, what=what).first()

"""Chart of a probe's response times, with gaps marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from migrations_app.runs.probe.gaps import HOLE, Answer, Gap, Result, clock
from migrations_app.wording import measured

WIDTH, HEIGHT = 600, 100
COLUMNS = 300  # more points than this nobody can tell apart
THINNEST = 3.0  # so that a short gap can be seen
LEAST = 10.0  # ms: below, a line would only show the noise


@dataclass(frozen=True, slots=True)
class Picture:
    """The chart: ``line`` and ``marks`` are SVG, ``words`` a description."""

    words: str
    most: str
    line: SafeString
    marks: SafeString
    from_at: datetime
    to_at: datetime


def picture(answers: Sequence[Answer], result: Result, words: str) -> Picture | None:
    """Return the chart of these answers; None when there are too few to draw."""
    if len(answers) < 2:
        return None
    begin, end = answers[0].at, answers[-1].at
    scale = WIDTH / max(end - begin, 0.001)
    slowest = max((it.latency for it in answers if it.latency is not None), default=0.0)
    most = max(LEAST, slowest)

    def x(at: float) -> float:
        return min(WIDTH, max(0.0, (at - begin) * scale))

    def band(kind: str, since: float, until: float, said: str) -> SafeString:
        left = x(since)
        width = max(THINNEST, x(until) - left)
        return format_html(
            '<rect class="latency-{}" x="{}" y="0" width="{}" height="{}">'
            "<title>{}</title></rect>",
            *(kind, f"{left:.1f}", f"{width:.1f}", HEIGHT, said),
        )

    holes = [(a, b) for a, b in result.holes if b > begin and a < end]
    gaps = [gap for gap in result.gaps if gap.end > begin and gap.begin < end]
    marks = [
        *(band("hole", a, b, f"Not measured from {clock(a)}") for a, b in holes),
        *(band("gap", gap.begin, gap.end, _said(gap)) for gap in gaps),
    ]
    return Picture(
        words=words,
        most=f"{most:.0f} ms",
        line=_line(answers, x, most),
        marks=format_html_join("", "{}", ((mark,) for mark in marks)),
        from_at=datetime.fromtimestamp(begin, UTC),
        to_at=datetime.fromtimestamp(end, UTC),
    )


def _said(gap: Gap) -> str:
    bound = "at most" if gap.whole else "at least"
    return f"No answer for {bound} {measured(gap.seconds)}, from {clock(gap.begin)}"


def _line(
    answers: Iterable[Answer], x: Callable[[float], float], most: float
) -> SafeString:
    """Return the slowest answer of each column, broken where there was none."""
    columns: dict[int, Answer] = {}
    for answer in answers:
        column = int(x(answer.at) * COLUMNS / WIDTH)
        other = columns.get(column)
        if other is None or _worse(answer, other):
            columns[column] = answer
    path: list[str] = []
    last: tuple[int, float] | None = None
    for column, answer in sorted(columns.items()):
        if answer.latency is None:
            last = None
            continue
        height = HEIGHT - 2 - (HEIGHT - 6) * answer.latency / most
        place = f"{column * WIDTH / COLUMNS:.0f} {height:.1f}"
        joined = last is not None and (
            column - last[0] == 1 or answer.at - last[1] <= HOLE
        )
        # a point alone is a dot: the round ends of a line without length
        path.append(f"L{place}" if joined else f"M{place}h0")
        last = column, answer.at
    return format_html('<path class="latency-line" d="{}"/>', "".join(path))


def _worse(one: Answer, other: Answer) -> bool:
    if one.latency is None or other.latency is None:
        return one.latency is None
    return one.latency > other.latency

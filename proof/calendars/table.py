"""docs/calendars.md: the table of calendar files and how each is read."""

from __future__ import annotations

from lab.settings import PROJECT
from proof.calendars.cases import all_cases, got_of

DOC = PROJECT / "docs/calendars.md"
HEAD = """\
# Calendar files

How files of the usual calendar programs are read, to the minute. Written by
`make calendars`, which prints the table and fails if one is read otherwise; do not edit
it. The files are in `proof/calendars/files`, made for this in
the shapes of their producers; [running novaweb](running.md#calendar-files) says what
is taken of such files and what not.

Times are in UTC, as start/duration. In brackets is what the preview says, in part.

"""


def text() -> tuple[str, int, int]:
    """Return the table, and how many files of how many are read as expected."""
    lines = [
        "| producer | case | expected | got | file |",
        "| --- | --- | --- | --- | --- |",
    ]
    right = count = 0
    for case in all_cases():
        expected, got = case.expected, got_of(case)
        count += 1
        right += expected == got
        shown = "as expected" if expected == got else f"**{_cell(got)}**"
        words = (case.producer, case.what, _cell(expected), shown, case.name)
        lines.append(f"| {' | '.join(words)} |")
    return "\n".join([*lines, "", f"calendars {right}/{count}", ""]), right, count


def _cell(lines: list[str]) -> str:
    return "<br>".join(lines).replace("|", "\\|")

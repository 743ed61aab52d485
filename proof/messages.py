"""Shows what novaweb does when messages meet trouble: ``python -m proof.messages``.

It runs the tests that are marked as faults, against mail and web servers on loopback,
and prints a table of them; ``--doc`` writes it into docs/message-faults.md, too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "message-faults.md"
# The tests, with the heading that each file's faults have in the table.
FILES = {
    "tests/notifications/test_mail_faults.py": "E-mail",
    "tests/notifications/test_mail_server_faults.py": "The mail server",
    "tests/notifications/test_webhook_faults.py": "Webhooks",
    "tests/notifications/test_receiver_faults.py": "Receivers that are none",
}
HEADER = """# Faults of mail and webhooks

What novaweb does when e-mails and webhooks meet trouble. Each line was tried against a
server on loopback, as often as the last column says; `python -m proof.messages --doc`
tries all of it again and writes this page.
"""


@dataclass
class Row:
    """One fault, what novaweb does, and the results of the tests that show it."""

    what: str
    does: str
    passed: int = 0
    failed: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """Return how often it was seen; or that it was not."""
        if self.failed or not self.passed:
            return (
                f"**failed** ({len(self.failed)} of {len(self.failed) + self.passed})"
            )
        return f"passes ({self.passed})"


class Faults:
    """A plug-in of pytest that keeps the result of each fault."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Row]] = {}
        self._of: dict[str, Row] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Know the rows, in the order of the files."""
        for item in session.items:
            for mark in item.iter_markers("fault"):
                rows = self.rows.setdefault(item.path.stem, {})
                row = Row(mark.args[0], mark.kwargs["does"])
                self._of[item.nodeid] = rows.setdefault(row.what, row)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what passed; whatever else happens to a test has failed."""
        row = self._of.get(report.nodeid)
        if row is None:
            return
        if report.when == "call" and report.passed:
            row.passed += 1
        elif not report.passed:
            row.failed.append(report.nodeid)


def table(rows: dict[str, dict[str, Row]]) -> str:
    """Return the tables, one for each file."""
    parts = []
    for name, title in FILES.items():
        found = rows.get(Path(name).stem, {}).values()
        lines = [f"| {r.what} | {r.does} | {r.verdict} |" for r in found]
        head = ["| fault | what novaweb does | tried |", "|---|---|---|"]
        parts.append("\n".join([f"## {title}", "", *head, *lines, ""]))
    return "\n".join(parts)


def main(arguments: Sequence[str]) -> int:
    """Print the table; 0 if all of it passes."""
    faults = Faults()
    words = ["-n0", "-q", "-p", "no:randomly", "-m", "fault", f"--rootdir={ROOT}"]
    # what pytest says while it runs is no part of the table
    with redirect_stdout(sys.stderr):
        status = pytest.main([*words, *FILES], plugins=[faults])
    if not faults.rows:
        return int(status) or 1
    text = table(faults.rows)
    print(text)
    if "--doc" in arguments:
        PAGE.write_text(f"{HEADER}\n{text}", encoding="utf-8")
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

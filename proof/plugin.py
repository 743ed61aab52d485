"""What pytest does for a proof: it runs the tests that prove, and writes down how.

A test proves by its mark: ``@pytest.mark.proves("live")``. Its layout is that of the
mark, else its module's ``LAYOUT``, else simulated hosts. A test that is marked
``layout`` may do without: then its own name says what it moves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from proof.cells import SIMULATED, procedure_of

PROVES = "proves"
UNFINISHED = "unfinished"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("proof")
    group.addoption("--proof", metavar="FILE", help="where reports are written")
    for word in ("procedure", "layout"):
        group.addoption(f"--{word}", action="append", default=[], metavar="NAME")


def claim(item: pytest.Item) -> tuple[str, str] | None:
    """Return the procedure and the layout that a test proves; None if it does not."""
    mark = item.get_closest_marker(PROVES)
    module = getattr(item, "module", None)
    layout = getattr(module, "LAYOUT", None)
    if mark is not None:
        return str(mark.args[0]), str(mark.kwargs.get("layout", layout or SIMULATED))
    if layout is None or item.get_closest_marker("layout") is None:
        return None
    procedure = procedure_of(item.name)
    return (procedure, str(layout)) if procedure else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    kept = []
    for item in items:
        claimed = claim(item)
        if claimed and _asked(config, *claimed):
            item.user_properties.append((PROVES, json.dumps(claimed)))
            kept.append(item)
    left = [item for item in items if item not in kept]
    config.hook.pytest_deselected(items=left)
    items[:] = kept


def _asked(config: pytest.Config, procedure: str, layout: str) -> bool:
    procedures, layouts = config.getoption("procedure"), config.getoption("layout")
    return (not procedures or procedure in procedures) and (
        not layouts or layout in layouts
    )


class Reports:
    """What is known of each test so far, in pytest's first process."""

    def __init__(self) -> None:
        self.tests: dict[str, dict[str, str]] = {}

    def add(self, report: pytest.TestReport) -> None:
        """Setup, call and teardown count as one: the worst of their outcomes.

        A test whose call was not reported has not passed, however it began.
        """
        claimed = dict(report.user_properties).get(PROVES)
        if claimed is None:
            return
        procedure, layout = json.loads(str(claimed))
        nodeid = report.nodeid.partition("@")[0]
        known = self.tests.setdefault(
            nodeid,
            {
                "test": nodeid,
                "procedure": procedure,
                "layout": layout,
                "outcome": UNFINISHED,
                "seconds": "0",
                "why": "",
            },
        )
        known["seconds"] = str(float(known["seconds"]) + report.duration)
        if report.outcome != "passed" and known["outcome"] != "failed":
            known["outcome"] = report.outcome
            known["why"] = _reason(report)
        elif report.when == "call" and known["outcome"] == UNFINISHED:
            known["outcome"] = report.outcome

    def ended(self) -> list[dict[str, str]]:
        """Return all of them; what has not ended by now has failed."""
        return [
            it | {"outcome": "failed", "why": "it did not end"}
            if it["outcome"] == UNFINISHED
            else it
            for it in self.tests.values()
        ]


def _reason(report: pytest.TestReport) -> str:
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    lines = [line for line in str(report.longreprtext).splitlines() if line[:2] == "E "]
    return lines[0][2:].strip()[:200] if lines else report.when or ""


class Writer:
    """Writes the reports down when all tests have run."""

    def __init__(self, file: Path) -> None:
        self.file, self.reports = file, Reports()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.reports.add(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self) -> Iterator[None]:
        text = json.dumps(self.reports.ended(), indent=1)
        self.file.write_text(text, encoding="utf-8")
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config.option, "layouts"):
        config.option.layouts = True  # a proof is of all of them
    file = config.getoption("proof")
    if file and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Writer(Path(file)), "proof-writer")

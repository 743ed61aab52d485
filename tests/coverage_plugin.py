"""``--coverage`` measures which branches of the application the tests take.

Of every branch of ``migrations_app`` and ``novaweb`` (pyproject.toml says what is left
out) one figure is printed at the end, and a run of all tests fails in which it is below
``fail_under``: what only some tests take, or those that need no lab, is compared with
nothing. Without the word nothing is measured: what is takes almost twice as long.

What child processes do is not counted. Nor are, since they do the same again
and again and a tracer takes its time: tests marked ``long``, those of hypothesis, which
are not the same in each run either, and nine of ten cases of a test that has many, or
in which somebody dies here and there. Nor are tests of other programs than the
application (``OTHERS``), and those marked ``browser``: Playwright's greenlets mislead
the tracer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator

import pytest
from coverage import Coverage
from coverage.exceptions import NoDataError
from hypothesis import is_hypothesis_test

from tests.lab_plugin import ROOT, all_are_to_run, folder, is_first_process

MANY = 12  # cases of one test
# folders of tests of what is not the application, or not counted: migrations
OTHERS = {"client", "demo", "house", "lab", "stranger", "upgrades"}


def measured(item: pytest.Item) -> bool:
    """Tell whether what the test does is counted."""
    if any(map(item.get_closest_marker, ("browser", "long"))):
        return False
    if OTHERS & set(item.path.relative_to(ROOT).parts[1:-1]):
        return False
    return not is_hypothesis_test(getattr(item, "function", None))


def repeating(items: Iterable[pytest.Item]) -> set[pytest.Item]:
    """Return nine of ten cases of each test that has many and works on a database.

    A crash matrix takes the same way again with each case, however few there are.
    """
    families: dict[tuple[object, ...], list[pytest.Item]] = {}
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "db" in fixtures or item.get_closest_marker("django_db"):
            named = (item.path, getattr(item, "originalname", item.name))
            families.setdefault(named, []).append(item)
    many = (
        cases
        for (_, name), cases in families.items()
        if len(cases) > MANY or "death" in str(name)
    )
    found: set[pytest.Item] = set()
    for cases in many:
        # the same ones in each process and in any order
        cases.sort(key=lambda case: case.name)
        found.update(case for place, case in enumerate(cases) if place % 10)
    return found


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--coverage",
        action="store_true",
        help="count the branches that are taken; if all tests run, fail if too few",
    )


def pytest_configure(config: pytest.Config) -> None:
    if is_first_process():
        asked = config.option.coverage and not config.option.collectonly
        os.environ["NOVAWEB_TEST_COVERAGE"] = "yes" if asked else ""
    if os.environ.get("NOVAWEB_TEST_COVERAGE"):
        config.pluginmanager.register(Measuring(), "novaweb-coverage")


class Measuring:
    """Lives in each process of pytest that runs tests, and in the first."""

    def __init__(self) -> None:
        self.coverage = Coverage(
            data_file=str(folder() / "coverage"),
            data_suffix=True,
            config_file=str(ROOT / "pyproject.toml"),
        )
        self.repeating: set[pytest.Item] = set()
        self.sentence = ""
        self.fell = False

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Choose what need not be counted."""
        self.repeating = repeating(items)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Look while a test runs: what is imported before has no branches to speak of.

        A tracer slows all Python that runs meanwhile, ours or not.
        """
        if item in self.repeating or not measured(item):
            return (yield)
        self.coverage.start()
        try:
            return (yield)
        finally:
            self.coverage.stop()

    # before the first process takes the folder away, and after the others have ended
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Keep what was seen; the first process reckons with all of it."""
        self.coverage.save()
        if not is_first_process():
            return
        report = folder() / "coverage.json"
        try:
            self.coverage.combine([str(folder())])
            self.coverage.json_report(outfile=str(report))
        except NoDataError:
            return
        totals = json.loads(report.read_text("utf-8"))["totals"]
        self._compare(session, totals["covered_branches"], totals["num_branches"])

    def _compare(self, session: pytest.Session, taken: int, of: int) -> None:
        wanted = self.coverage.get_option("report:fail_under")
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        assert isinstance(wanted, float) and reporter is not None
        told = verdict(
            taken,
            of,
            wanted=wanted,
            whole=all_are_to_run(session.config),
            failed=session.testsfailed,
            skipped=sum(map(_counts, reporter.stats.get("skipped", ()))),
        )
        self.sentence, self.fell = told
        if self.fell:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Say the figure."""
        if self.sentence:
            terminalreporter.line(self.sentence, red=self.fell, bold=self.fell)


def _counts(report: pytest.TestReport) -> bool:
    """Tell whether the test would have tried the application, and much of it."""
    return any(name in report.keywords for name in ("lab", "server"))


def verdict(
    taken: int, of: int, *, wanted: float, whole: bool, failed: int, skipped: int
) -> tuple[str, bool]:
    """Return what is said of the branches that were taken, and whether it is too few.

    What only some tests took, or tests that ended early, is compared with nothing.
    """
    percent = 100 * taken / of
    figure = f"branches: {percent:.2f} % of {of} taken"
    if not whole:
        return f"{figure} by these tests alone.", False
    if failed or skipped:
        return f"{figure}, not compared: {failed} failed, {skipped} not run.", False
    if percent < wanted:
        return f"{figure}: {wanted:g} % are wanted (fail_under, pyproject.toml).", True
    return f"{figure}; {wanted:g} % are wanted.", False

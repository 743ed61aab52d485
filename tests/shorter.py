"""``--short``: what is quick, for people while they work.

Left out are the tests of long.txt, which take longer than ``QUICK`` a case. Of a test
marked ``long`` one of twenty cases is kept, and a tenth of its generated input.
``--note-long`` writes long.txt again, as far as its tests run.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import pytest

QUICK = 0.1  # seconds of a case, set-up and all, on two processors of their own
CASES = 20  # of so many cases of one test, one is run
EXAMPLES = 10  # the generated input is divided by it
IS_SHORT = "NOVAWEB_TEST_SHORT"
LIST = Path(__file__).with_name("long.txt")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--short", action="store_true", help="without the long tests")
    parser.addoption("--note-long", action="store_true", help=f"write {LIST.name}")


def pytest_configure(config: pytest.Config) -> None:
    """Before any module is imported: their settings ask ``examples``."""
    if config.getoption("--short"):
        os.environ[IS_SHORT] = "1"
    if config.getoption("--note-long") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(LongTests())


def examples(whole: int) -> int:
    """How many examples hypothesis draws where a whole run draws ``whole``."""
    return max(1, whole // EXAMPLES) if os.environ.get(IS_SHORT) else whole


def long_tests() -> set[str]:
    """The tests that take long, each as FILE::NAME, without its cases."""
    return set(LIST.read_text().split())


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    if not config.getoption("--short"):
        return
    noted = long_tests()
    seen: dict[str, int] = defaultdict(int)
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        test = _test(item.nodeid)
        is_left = test in noted
        if not is_left and item.get_closest_marker("long"):
            is_left = seen[test] % CASES > 0
            seen[test] += 1
        (left if is_left else kept).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left)


class LongTests:
    """Writes, when all have run, which of them took long."""

    def __init__(self) -> None:
        self.seconds: dict[str, dict[str, float]] = defaultdict(
            lambda: defaultdict(float)
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[_test(report.nodeid)][report.nodeid] += report.duration

    def pytest_sessionfinish(self) -> None:
        long = {
            test
            for test, cases in self.seconds.items()
            if sum(cases.values()) / len(cases) > QUICK
        }
        noted = long | (long_tests() - set(self.seconds))
        LIST.write_text("".join(f"{test}\n" for test in sorted(noted)))


def _test(nodeid: str) -> str:
    # a group of xdist stands behind the name of a test without cases
    return nodeid.split("[")[0].split("@")[0]

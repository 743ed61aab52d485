"""``--short``: of the tests marked ``long`` only a part, for people while they work.

Each of them keeps one of twenty of its cases, and draws a tenth of its generated input.
"""

from __future__ import annotations

import os
from collections import defaultdict

import pytest

CASES = 20  # of so many cases of one test, one is run
EXAMPLES = 10  # the generated input is divided by it
IS_SHORT = "NOVAWEB_TEST_SHORT"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--short", action="store_true", help="a part of the long tests")


def pytest_configure(config: pytest.Config) -> None:
    """Before any module is imported: their settings ask ``examples``."""
    if config.getoption("--short"):
        os.environ[IS_SHORT] = "1"


def examples(whole: int) -> int:
    """How many examples hypothesis draws where a whole run draws ``whole``."""
    return max(1, whole // EXAMPLES) if os.environ.get(IS_SHORT) else whole


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    if not config.getoption("--short"):
        return
    seen: dict[str, int] = defaultdict(int)
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        if not item.get_closest_marker("long"):
            kept.append(item)
            continue
        test = item.nodeid.split("[")[0]
        (left if seen[test] % CASES else kept).append(item)
        seen[test] += 1
    items[:] = kept
    config.hook.pytest_deselected(items=left)

"""No test takes the time when it is imported, or a day that some years do not have.

It runs many minutes later, and on any day.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, settings

TESTS = Path(__file__).resolve().parents[1]
CLOCKS = {"now", "utcnow", "today", "localtime", "localdate", "time", "time_ns"}


def run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is run when the module is imported, defaults of functions too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Lambda):
            yield from run_at_import(child.args)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in (child.args, *child.decorator_list):
                yield part
                yield from run_at_import(part)
        else:
            yield child
            yield from run_at_import(child)


def clocks(source: str) -> list[int]:
    """Return the lines on which a clock is read at import."""
    return [
        node.lineno
        for node in run_at_import(ast.parse(source))
        if isinstance(node, ast.Call)
        and not node.args
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
    ]


def moved_days(source: str) -> list[int]:
    """Return the lines that put a day into another year or month, and say no day."""
    if "year=" not in source and "month=" not in source:
        return []
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "replace"
        and {each.arg for each in node.keywords} & {"year", "month"}
        and "day" not in {each.arg for each in node.keywords}
    ]


def test_a_clock_is_found_wherever_an_import_reads_it() -> None:
    assert clocks("NOW = timezone.now()") == [1]
    assert clocks("def at(when=date.today()): ...") == [1]
    assert clocks("class Of:\n    made = [time.time() + 1]") == [2]
    assert clocks("@marked(datetime.now())\ndef it(): ...") == [1]
    assert clocks("def it():\n    return timezone.now()") == []
    assert clocks("late = lambda: time.time()") == []


def test_no_test_takes_the_time_when_it_is_imported() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        for line in clocks(path.read_text("utf-8"))
    ]
    assert found == []


def test_no_test_fails_on_a_leap_day_or_the_last_of_a_month() -> None:
    assert moved_days("at = now.replace(year=now.year + 2)") == [1]
    assert moved_days("at = now.replace(year=2030, month=1, day=1)") == []
    found = [
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        for line in moved_days(path.read_text("utf-8"))
    ]
    assert found == []


def test_no_example_fails_by_being_slow() -> None:
    assert settings.default is not None
    assert settings.default.deadline is None
    assert HealthCheck.too_slow in settings.default.suppress_health_check

"""The number of a check tells which check it is: people silence it by that."""

from __future__ import annotations

import re
from collections import defaultdict

from tests.lab_plugin import ROOT

NUMBER = re.compile(r'id="(novaweb\.[A-Z]\d{3})"')


def test_no_number_is_that_of_checks_in_two_modules() -> None:
    where: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "migrations_app").rglob("*.py")):
        for number in NUMBER.findall(path.read_text("utf-8")):
            where[number].add(path.name)
    assert len(where) > 30
    assert {number: paths for number, paths in where.items() if len(paths) > 1} == {}

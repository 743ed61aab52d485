"""What is asked for known weaknesses, and what is made of the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from supply.audit import COULD_NOT, WEAK, verdict

ROOT = Path(__file__).resolve().parents[2]
GOOD = {"name": "django", "version": "5.2.9", "vulns": []}
BAD = {
    "name": "requests",
    "version": "2.1.0",
    "vulns": [{"id": "PYSEC-2014-13", "fix_versions": ["2.3.0"]}],
}
UNKNOWN = {"name": "rq", "skip_reason": "Dependency not found on PyPI: rq (3.0)"}


def asked(*packages: dict[str, Any]) -> tuple[int, str]:
    status, lines = verdict(json.dumps({"dependencies": packages, "fixes": []}))
    return status, "\n".join(lines)


def test_it_is_good_only_if_all_packages_were_looked_at() -> None:
    assert asked(GOOD) == (0, "No known weakness in 1 packages.")
    status, said = asked(GOOD, UNKNOWN)
    assert status == COULD_NOT
    assert "NOT AUDITED: 1 of 2 packages." in said
    assert "rq (3.0)" in said


def test_a_weakness_is_named_whatever_else_is_unknown() -> None:
    status, said = asked(BAD, UNKNOWN)
    assert status == WEAK
    assert "requests 2.1.0: PYSEC-2014-13, mended in 2.3.0" in said
    assert "NOT AUDITED" in said


def test_no_answer_is_no_good_one() -> None:
    for text in ("", "null", "{}", "a traceback", '{"dependencies": []}'):
        assert verdict(text)[0] == COULD_NOT


def test_every_run_of_all_checks_asks_and_is_loud_where_it_cannot() -> None:
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "-m supply.audit ||" in run
    assert "NOT AUDITED" in run

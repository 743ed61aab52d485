from __future__ import annotations

from pathlib import Path

import pytest

from migrations_app.preflight import documentation
from migrations_app.preflight.rule import RELEASES, Rule
from migrations_app.preflight.rules import RULES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rules.md"


def test_the_page_is_what_the_rules_say_of_themselves() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == documentation(), (
        "run: python -m migrations_app.preflight > docs/rules.md"
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_a_title_and_known_releases(rule: Rule) -> None:
    assert rule.title
    assert not rule.title.endswith(".")
    assert {rule.since, rule.until} <= {None, *RELEASES}


def test_no_two_rules_have_the_same_name() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)

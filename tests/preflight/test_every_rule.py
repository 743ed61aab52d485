"""Every rule speaks in the situation that it is for, and is quiet without it."""

from __future__ import annotations

import pytest

from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import PROCEDURES, About, Rule
from migrations_app.preflight.rules import RULES
from tests.preflight import cases, placement_cases
from tests.preflight.build import finding, move
from tests.preflight.cases import ALWAYS, NEVER_AGAINST

CASES = cases.CASES | placement_cases.CASES


def test_no_rule_is_without_a_situation_in_which_it_speaks() -> None:
    assert {rule.id for rule in RULES} == CASES.keys() | NEVER_AGAINST.keys()


@pytest.mark.parametrize("name", CASES)
def test_it_speaks(name: str) -> None:
    case = CASES[name]
    found = finding(name, case.speaks, to=case.to, by=case.by, **case.options)
    assert found is not None
    assert found.severity is case.severity
    assert found.sentence.endswith(".")
    assert found.remedy.endswith(".")


@pytest.mark.parametrize("name", sorted(CASES.keys() - ALWAYS))
def test_it_is_quiet(name: str) -> None:
    case = CASES[name]
    found = finding(name, case.silent, to=case.silent_to, by=case.by, **case.options)
    assert found is None or found.severity is Severity.OK


@pytest.mark.parametrize("name", NEVER_AGAINST)
def test_it_only_notes(name: str) -> None:
    speaks, silent = NEVER_AGAINST[name]
    found = finding(name, speaks)
    assert found is not None
    assert found.severity is Severity.OK
    assert found.evidence["migrations"] == [7]
    assert finding(name, silent) is None


@pytest.mark.parametrize("name", CASES)
def test_figures_that_move_by_themselves_are_not_in_what_is_approved(name: str) -> None:
    case = CASES[name]
    words = finding(name, case.speaks, to=case.to, by=case.by, **case.options)
    assert words is not None
    for figure in (w for w in words.evidence.values() if isinstance(w, int)):
        assert figure < 100 or str(figure) not in words.sentence


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize("procedure", PROCEDURES)
def test_it_says_nothing_about_a_target_while_there_is_none(
    rule: Rule, procedure: str
) -> None:
    if rule.about is About.TARGET:
        assert rule(CASES[rule.id].speaks, move(None), procedure) is None

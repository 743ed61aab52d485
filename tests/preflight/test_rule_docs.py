from __future__ import annotations

from pathlib import Path

import pytest

from migrations_app.preflight import documentation
from migrations_app.preflight.advice import advise
from migrations_app.preflight.advice_docs import page
from migrations_app.preflight.example_situations import SITUATIONS
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import AUTOMATIC, COLD, LIVE, MANUAL, RELEASES, Rule
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


def test_the_page_about_advice_is_what_the_adviser_says() -> None:
    written = (PAGE.parent / "advice.md").read_text(encoding="utf-8")
    assert written == page(), (
        "run: python -m migrations_app.preflight advice > docs/advice.md"
    )


ADVISED = {
    "Running, on shared storage": LIVE,
    "Running, with local disks": LIVE,
    "Running, with local disks and a config drive": COLD,
    "Running, on shared storage, with a config drive": LIVE,
    "Running, booted from a volume": LIVE,
    "Running, booted from a volume, with a config drive": COLD,
    "Stopped": COLD,
    "Stopped, the scheduler is to choose": COLD,
    "With a PCI device": COLD,
    "With a PCI device, and the source permits post-copy": COLD,
    "With a virtual TPM": COLD,
    "With a virtual TPM, whose key the host keeps, too": LIVE,
    "With a virtual TPM, whose key is Nova's own": COLD,
    "With UEFI": LIVE,
    "The target's QEMU has no longer the machine type that Nova recorded": None,
    "The target has an older CPU": COLD,
    "In an affinity group": MANUAL,
    "In an anti-affinity group that has a member on the target": None,
    "The target has no room": None,
    "The target is disabled": None,
    "The source's nova-compute is down": None,
    "Stopped, and the source's nova-compute is down": MANUAL,
    "Neither libvirt nor Nova's SSH reaches the target": MANUAL,
    "The hosts keep instances at different paths": None,
    "With an ephemeral disk, whose backing file the target has otherwise": None,
    "With an ephemeral disk, whose backing file the target has not": MANUAL,
    "With an ephemeral disk, whose backing file was put on the target": LIVE,
    "The hosts keep raw disks, with use_cow_images on": LIVE,
    "Stopped, and the hosts keep raw disks, with use_cow_images on": MANUAL,
}


@pytest.mark.parametrize("title", ADVISED)
def test_it_advises_what_a_seasoned_operator_would(title: str) -> None:
    (situation,) = [each for each in SITUATIONS if each.title == title]
    found = advise(situation.known, targets=[situation.target]).recommended
    assert (found and found.procedure) == ADVISED[title]


def test_a_dirty_way_is_never_advised_while_a_clean_one_is_open() -> None:
    for situation in SITUATIONS:
        advice = advise(situation.known, targets=[situation.target])
        clean = [o for o in advice.options if o.procedure in AUTOMATIC]
        if any(option.verdict is not Severity.BLOCKS for option in clean):
            assert advice.recommended is not None
            assert advice.recommended.procedure in AUTOMATIC

"""Every step has a title: short, in the field's terms, and no part of the plan."""

from __future__ import annotations

import re

import pytest

from migrations_app.integrations.interfaces import Move
from migrations_app.procedures import registry
from migrations_app.procedures.base import Step
from migrations_app.procedures.registry import PROCEDURES, step_title

STEPS = [(name, step) for name, each in PROCEDURES.items() for step in each.steps]
each_step = pytest.mark.parametrize(
    "step", [step for _, step in STEPS], ids=[f"{n}-{s.key}" for n, s in STEPS]
)
# What a title begins with: what is done, or that something is waited for.
VERBS = frozenset(
    [
        "Allocate",
        "Attach",
        "Bind",
        "Check",
        "Confirm",
        "Copy",
        "Detach",
        "Disable",
        "Enable",
        "Lock",
        "Migrate",
        "Remove",
        "Rename",
        "Start",
        "Stop",
        "Undefine",
        "Unlock",
        "Update",
        "Wait",
    ]
)
# Words that say less to an operator than Nova's own.
RIDDLES = frozenset(
    [
        "aside",
        "asks",
        "forget",
        "hand",
        "here",
        "hidden",
        "it",
        "land",
        "look",
        "mark",
        "place",
        "rest",
        "say",
        "stand",
        "stay",
        "tell",
        "there",
        "thing",
        "turn",
        "world",
    ]
)


@each_step
def test_a_title_has_at_most_five_words(step: Step) -> None:
    assert 1 <= len(step.title.split()) <= 5


@each_step
def test_a_title_says_what_is_done_in_the_fields_terms(step: Step) -> None:
    words = re.findall(r"\w+", step.title)
    assert words[0] in VERBS
    assert RIDDLES.isdisjoint(word.lower().rstrip("s") for word in words)
    assert RIDDLES.isdisjoint(word.lower() for word in words)
    assert not step.title.endswith(".")


@pytest.mark.parametrize("name", PROCEDURES)
def test_no_two_steps_of_a_plan_have_one_title(name: str) -> None:
    titles = [step.title for step in PROCEDURES[name].steps]
    assert len(set(titles)) == len(titles)


@each_step
def test_a_stored_step_is_given_its_title_by_its_key(step: Step) -> None:
    assert step_title(step.key, "A sentence of long ago.") == step.title


def test_a_step_that_is_known_no_longer_is_named_by_its_key() -> None:
    assert step_title("wipe_disks", "Wipe the disks of web.") == "Wipe disks"
    assert step_title("", "Wipe the disks of web.") == "Wipe the disks of web."


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_title_is_no_part_of_what_is_approved(name: str) -> None:
    """What is stored and hashed holds no title: approved plans keep their digest."""
    facts = {"others": ["compute-40"]}
    move = Move("id", "web", "compute-30", "compute-34", facts=facts)
    for step in registry.plan(name, move):
        assert set(step) == {"key", "sentence", "final", "commands"}

"""A run that is held while it rolls back says both reasons, each once."""

from __future__ import annotations

import pytest

from migrations_app.runs.engine import run_writer


def test_it_says_why_it_is_held_and_why_it_rolls_back() -> None:
    said = run_writer.why_held_on_the_way_back("Nova is gone.", "The disk is full.")
    assert said == "Nova is gone. It was rolling back because: The disk is full."


def test_it_says_one_reason_once() -> None:
    said = run_writer.why_held_on_the_way_back("The disk is full.", "The disk is full.")
    assert said == "The disk is full."


@pytest.mark.parametrize("joint", ["was rolling back", "was on its way back"])
def test_it_finds_the_reason_again_in_rows_of_every_release(joint: str) -> None:
    before = f"Nova is gone. It {joint} because: The disk is full."
    assert run_writer.reason_for_turning_back(before) == "The disk is full."
    said = run_writer.why_held_on_the_way_back("A host is gone.", before)
    assert said == "A host is gone. It was rolling back because: The disk is full."

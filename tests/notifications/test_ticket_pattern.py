"""A pattern that would hold everybody up is found before anybody types a ticket."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.notifications import checks as notification_checks
from migrations_app.notifications import ticket_pattern


@pytest.mark.parametrize("pattern", [r"OPS-\d+", r"(OPS|NET)-\d{1,6}", "[A-Z]+-[0-9]+"])
def test_usual_patterns_are_not_slow(pattern: str) -> None:
    assert not ticket_pattern.is_slow(pattern)


def test_a_pattern_that_does_not_come_to_an_end_is_an_error(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # in its place a program that does not end, within the same bounds
    endless = ticket_pattern.PROGRAM.partition("pattern =")[0] + "while True: pass\n"
    monkeypatch.setattr(ticket_pattern, "PROGRAM", endless)
    monkeypatch.setattr(ticket_pattern, "PROCESSOR", 1)
    settings.NOVAWEB_TICKET_PATTERN = r"OPS-\d+"
    (found,) = notification_checks.tickets_lead_somewhere()
    assert found.id == "novaweb.E025"
    assert "takes seconds" in found.msg


def test_it_is_tried_on_long_texts_of_its_own_signs() -> None:
    tried = list(ticket_pattern.texts(r"OPS-(x\d+)"))
    assert "OPS-" + "x" * 95 + "\x00" in tried
    assert "x0" * 50 in tried
    assert all(len(text) == ticket_pattern.LONGEST for text in tried)

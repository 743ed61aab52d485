"""What a live migration tells while it runs."""

from __future__ import annotations

import pytest

from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def long_lease(settings: object) -> None:
    """Leases lapse by the stage's clock only: the heart has nothing to do."""
    settings.NOVAWEB_LEASE = 600.0  # type: ignore[attr-defined]


def test_it_says_at_each_quarter_how_much_is_left() -> None:
    stage = Stage(live_seconds=120)
    run = stage.play(stage.start("live"))
    said = [line.text for line in run.lines.all() if "left to copy" in line.text]
    assert 2 <= len(said) <= 4
    assert said == list(dict.fromkeys(said)), "nothing is said twice"


def test_it_shows_what_is_left_the_least_there_was_and_how_fast_it_goes() -> None:
    stage = Stage(live_seconds=120)
    run = stage.play(stage.start("live"))
    shown = run.steps.get(key="migrate_live").progress
    assert shown["memory_total"] > 0
    assert 0 <= shown["low_water"] <= shown["memory_total"]
    assert shown["rate"] > 0


def test_it_takes_counters_that_nova_has_not_filled_for_no_low_water() -> None:
    stage = Stage(live_seconds=600)
    run = stage.start("live")
    while "status" not in run.steps.get(key="migrate_live").progress:
        stage.later(seconds=1)
        stage.walk(run)
    assert "low_water" not in run.steps.get(key="migrate_live").progress

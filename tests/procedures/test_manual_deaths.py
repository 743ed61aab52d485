"""The crash matrix of the move by hand: whoever dies, whenever, on either way.

There are never two domains alive, and each thing is asked for once.
"""

from __future__ import annotations

from functools import cache

import pytest

from migrations_app.models import Run
from migrations_app.procedures.base import Act
from migrations_app.procedures.manual import Manual
from pretend import Killed
from tests.procedures.by_hand import (
    ASKS,
    SLICES,
    UNDOES,
    HandStage,
    expect_as_before,
    expect_moved,
)
from tests.stage import dying_at_write

pytestmark = [pytest.mark.django_db, pytest.mark.long]


@pytest.fixture(autouse=True)
def long_lease(settings: object) -> None:
    """Leases lapse by the stage's clock only: the heart has nothing to do."""
    settings.NOVAWEB_LEASE = 60.0  # type: ignore[attr-defined]


def test_the_matrix_knows_every_act() -> None:
    acts = [step for step in Manual.steps if isinstance(step, Act)]
    known = {*ASKS, "release_source"}  # which asks what charge_target asked before
    assert {step.key for step in acts} == known
    back = {step.key for step in acts if step.reversible}
    assert back == {*UNDOES, "start_on_target"}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("key", ASKS)
def test_it_survives_a_death_around_each_request(key: str, moment: str) -> None:
    stage = HandStage()
    run = stage.begin()
    stage.cloud.die(ASKS[key], moment)  # type: ignore[arg-type]
    expect_moved(stage, stage.play(run))


@pytest.mark.parametrize("moment", ["before", "after"])
def test_it_survives_a_death_when_the_source_is_released(moment: str) -> None:
    stage = HandStage()
    run = stage.begin()
    stage.until(run, "start_on_target", done_at__isnull=False)
    run.refresh_from_db()
    if not run.steps.filter(key="release_source", done_at__isnull=False).exists():
        stage.cloud.die("charge", moment)  # type: ignore[arg-type]
    expect_moved(stage, stage.play(run))


@cache
def writes() -> int:
    """Return how many writes a move takes in which nobody dies."""
    with dying_at_write(10**6) as count:
        stage = HandStage()
        stage.play(stage.begin())
    return count[0]


@pytest.mark.parametrize("part", range(SLICES))
def test_it_survives_a_death_at_any_write(part: int) -> None:
    assert writes() > 60
    for number in range(part, writes(), SLICES):
        stage = HandStage()
        run = stage.begin()
        with dying_at_write(number):
            run = stage.play(run)
        expect_moved(stage, run)


@pytest.mark.parametrize("moment", ["before", "after", "never"])
@pytest.mark.parametrize("key", UNDOES)
def test_it_goes_back_from_each_step_whatever_dies(key: str, moment: str) -> None:
    stage = HandStage()
    run = stage.begin()
    # asked, and the walk of it over: at once done, or still on its way
    while not run.steps.filter(key=key, asked_at__isnull=False).exists():
        stage.later(seconds=0.6)
        with_death_after(stage, run, key)
    stage.stop(run)
    if moment != "never":
        stage.cloud.die(UNDOES[key], moment)  # type: ignore[arg-type]
    run = stage.play(run)
    expect_as_before(stage, run)
    assert "operator requested a stop" in run.why


def with_death_after(stage: HandStage, run: Run, key: str) -> None:
    """Walk, but not past the request of that step: its worker dies after it."""
    stage.cloud.die(ASKS[key], "after")
    try:
        stage.walk(run)
    except Killed:
        stage.later(seconds=61)  # its lease lapses
        return
    stage.cloud.spare(ASKS[key])


def go_back(*, dying_at: int) -> int:
    """Go back, with a death at a write; return how many writes there were."""
    stage = HandStage()
    stage.cloud.spoil(stage.server, "start", "No space for its memory.")
    run = stage.begin()
    with dying_at_write(dying_at) as count:
        run = stage.play(run)
    expect_as_before(stage, run)
    assert "No space for its memory" in run.why
    return count[0]


@cache
def writes_back() -> int:
    """Return how many writes there and back take if nobody dies."""
    return go_back(dying_at=10**6)


@pytest.mark.parametrize("part", range(SLICES))
def test_it_goes_back_from_a_death_at_any_write(part: int) -> None:
    """From the last moment at which there is a way back: all but the start is done."""
    for number in range(part, writes_back(), SLICES):
        go_back(dying_at=number)

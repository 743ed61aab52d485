"""What the buttons of a held run say that they would do, and that they then do it."""

from __future__ import annotations

import pytest

from migrations_app.access.permissions import Verb
from migrations_app.errors import TooLate
from migrations_app.models import Run, Step
from migrations_app.models.states import RunState, StepState
from migrations_app.runs import actions as run_actions
from migrations_app.runs import inspection
from migrations_app.runs.action_preview import ActionPreview, preview_actions
from tests.cast import Cast
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def said(run: Run) -> dict[Verb, ActionPreview]:
    run.refresh_from_db()
    return {each.verb: each for each in preview_actions(inspection.inspect_run(run))}


def hold(run: Run, *, back: bool = False) -> Run:
    """Have the run held where it stands."""
    held = RunState.HELD
    Run.objects.filter(pk=run.pk).update(
        state=held, was_going_back=back, look_again_at=None, lease=""
    )
    run.refresh_from_db()
    run.request.state = held
    run.request.save(update_fields=["state"])
    return run


def under_way(stage: Stage, procedure: str = "live") -> Run:
    """Return a run whose move has been asked for and has not ended."""
    run = stage.start(procedure)
    for _ in range(6):
        stage.later(seconds=0.7)
        stage.walk(run)
    assert stage.asked("live-migration", "migrate")
    return run


def test_nothing_is_said_of_a_run_that_is_not_held(stage: Stage) -> None:
    assert said(stage.start("live")) == {}


def test_looking_again_waits_on_for_what_is_under_way(stage: Stage) -> None:
    words = said(hold(under_way(stage)))

    assert "continues to wait" in words[Verb.LOOK_AGAIN].effect
    assert "aborts it" in words[Verb.GO_BACK].effect
    assert "Nova migrates web live" in words[Verb.GO_BACK].effect


def test_looking_again_goes_on_when_it_has_come_right(cast: Cast, stage: Stage) -> None:
    run = hold(under_way(stage))
    stage.later(minutes=5)

    words = said(run)
    assert "finds this step done" in words[Verb.LOOK_AGAIN].effect
    assert "comes too late" in words[Verb.GO_BACK].effect

    run_actions.look_again(run.pk, by=cast.operator)
    assert stage.play(run).state == RunState.COMPLETED


def test_going_back_too_late_goes_on_as_it_said(cast: Cast, stage: Stage) -> None:
    run = hold(under_way(stage))
    stage.later(minutes=5)
    assert "the run continues instead" in said(run)[Verb.GO_BACK].effect

    run_actions.go_back(run.pk, by=cast.operator)

    assert stage.play(run).state == RunState.COMPLETED
    assert stage.host == stage.target


def test_looking_again_is_held_again_while_nothing_is_mended(
    cast: Cast, stage: Stage
) -> None:
    stage.cloud.spoil(stage.server, "finish", "The disk was full.")
    run = stage.play(stage.start("cold"))
    assert run.state == RunState.HELD
    words = said(run)

    assert words[Verb.LOOK_AGAIN].effect.startswith("is held again at once")
    assert words[Verb.GO_BACK].effect.startswith("is held again at once")
    assert "ERROR" in words[Verb.CLOSE].effect

    run_actions.look_again(run.pk, by=cast.operator)
    assert stage.play(run).state == RunState.HELD


def test_going_back_is_refused_after_the_point_of_no_return(
    cast: Cast, stage: Stage
) -> None:
    run = stage.play(stage.start("cold"))
    assert run.state == RunState.COMPLETED
    last = run.steps.last()
    assert last is not None
    Step.objects.filter(pk=last.pk).update(state=StepState.UNDER_WAY)
    hold(run)

    button = said(run)[Verb.GO_BACK]

    assert button.refused
    assert "point of no return" in button.effect
    with pytest.raises(TooLate):
        run_actions.go_back(run.pk, by=cast.operator)


def test_before_anything_was_asked_there_is_nothing_to_undo(
    cast: Cast, stage: Stage
) -> None:
    run = hold(stage.start("live"))

    words = said(run)
    assert "nothing to undo" in words[Verb.GO_BACK].effect
    assert "finds this step done" in words[Verb.LOOK_AGAIN].effect

    run_actions.go_back(run.pk, by=cast.operator)
    assert stage.play(run).state == RunState.ROLLED_BACK


def test_it_says_that_it_could_not_be_read(stage: Stage) -> None:
    run = hold(under_way(stage))
    stage.cloud.down()

    words = said(run)

    assert "could not be read" in words[Verb.LOOK_AGAIN].effect
    assert "could not be read" in words[Verb.GO_BACK].effect
    assert "could not be read" in words[Verb.CLOSE].effect


def test_a_run_held_on_its_way_back_goes_on_going_back(
    cast: Cast, stage: Stage
) -> None:
    run = under_way(stage, "cold")
    stage.later(minutes=2)
    Step.objects.filter(run=run, key="migrate_cold").update(
        state=StepState.GOING_BACK, undo_begun_at=stage.time
    )
    hold(run, back=True)

    assert said(run)[Verb.LOOK_AGAIN].effect.startswith("undoes this step")

    run_actions.look_again(run.pk, by=cast.operator)
    assert stage.play(run).state == RunState.ROLLED_BACK
    assert stage.host == stage.source

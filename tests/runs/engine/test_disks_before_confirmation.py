"""Before the confirmation of a cold migration deletes a copy, the disks are looked at.

What is not seen to be right is not confirmed: a person decides.
"""

from __future__ import annotations

import pytest

from migrations_app.access.permissions import Verb
from migrations_app.errors import Blocked
from migrations_app.integrations.interfaces import World
from migrations_app.models import Run
from migrations_app.models.states import RunState
from migrations_app.runs import actions as run_actions
from migrations_app.runs import inspection
from migrations_app.runs.action_preview import preview_actions
from tests.cast import Cast, expect_rest
from tests.crowd import Crowd
from tests.stage import Stage

pytestmark = pytest.mark.django_db
CONFIRMED, REVERTED = "confirmResize", "revertResize"
KEY = "disks_are_kept"


def lost(stage: Stage, procedure: str = "cold") -> Run:
    """Return a run whose instance got other disks on its target."""
    run = stage.start(procedure)
    for _ in range(80):
        stage.later(seconds=1)
        stage.walk(run)
        if stage.cloud.server(stage.server).host == stage.target:
            stage.cloud.lose(stage.server, stage.target)
            return stage.play(run)
    raise AssertionError("it never arrived")


def said(run: Run) -> str:
    return "\n".join(run.lines.values_list("text", flat=True))


def test_the_log_says_what_was_compared(stage: Stage) -> None:
    run = stage.play(stage.start("cold"))
    expect_rest(run, RunState.COMPLETED)
    # its guest has started there, and has written to one piece
    assert "Compared with compute-30: disk: 20 GiB, qcow2, on" in said(run)
    assert "19 of 20 pieces are the same, 1 was written to since." in said(run)


@pytest.mark.parametrize("procedure", ["cold", "cold_by_disabling"])
def test_it_holds_what_has_other_disks(procedure: str) -> None:
    stage = Crowd() if procedure == "cold_by_disabling" else Stage()
    run = lost(stage, procedure)
    assert run.state == RunState.HELD
    for words in (
        "compute-34 does not have the disks of web that compute-30 has kept",
        "disk: 20 of 20 pieces that were compared are not there at all on compute-34",
        "Do not confirm this migration",
        "Roll the run back",
    ):
        assert words in run.why
    assert stage.asked(CONFIRMED, REVERTED) == []
    kept = (stage.source, f"{stage.server}_resize")
    assert kept in {(host, name) for host, name, _ in stage.cloud.folders(stage.server)}


def test_the_page_says_what_each_button_would_do(stage: Stage) -> None:
    run = lost(stage)
    previews = preview_actions(inspection.inspect_run(run))
    effects = {each.verb: each.effect for each in previews}
    assert effects[Verb.LOOK_AGAIN].startswith("is held again at once: compute-34")
    assert not any(each.refused for each in previews)


def test_a_rollback_gives_it_its_disks_again(stage: Stage, cast: Cast) -> None:
    before = stage.cloud.folders(stage.server)
    run = lost(stage)
    run_actions.look_again(run.pk, by=cast.operator)
    expect_rest(stage.play(run), RunState.HELD, "Do not confirm")
    run_actions.go_back(run.pk, by=cast.operator, note="They are gone there.")
    expect_rest(stage.play(run), RunState.ROLLED_BACK, "Do not confirm")
    assert stage.asked(CONFIRMED, REVERTED) == [REVERTED]
    after = stage.cloud.folders(stage.server)
    assert {(host, name) for host, name, _ in after} == {
        (host, name) for host, name, _ in before
    }
    assert all(content > 0 for _, _, content in after)


def test_who_knows_better_confirms_it_in_nova(stage: Stage, cast: Cast) -> None:
    run = lost(stage)
    stage.cloud.confirm(stage.server)
    stage.later(seconds=2)
    run_actions.look_again(run.pk, by=cast.operator, note="A test guest.")
    run = stage.play(run)
    expect_rest(run, RunState.COMPLETED)
    assert stage.asked(CONFIRMED) == [CONFIRMED]
    assert "The disks were not compared" in said(run)


@pytest.mark.parametrize("deaf", ["source", "target"])
def test_it_waits_for_a_silent_host_and_then_is_held(
    stage: Stage, cast: Cast, deaf: str
) -> None:
    run = stage.start("cold")
    host = getattr(stage, deaf)
    stage.cloud.edit_host(host, ssh=False)
    run = stage.play(run, tick=30)
    expect_rest(run, RunState.HELD, "took longer than 10 minutes", host, "confirm")
    assert stage.asked(CONFIRMED, REVERTED) == []
    stage.cloud.edit_host(host, ssh=True)
    run_actions.look_again(run.pk, by=cast.operator)
    expect_rest(stage.play(run), RunState.COMPLETED)


def test_a_tool_that_is_missing_holds_it(stage: Stage, cast: Cast) -> None:
    run = stage.start("cold")
    stage.cloud.fail("ssh.disk_images", Blocked("compute-30 has no qemu-img."))
    run = stage.play(run)
    expect_rest(run, RunState.HELD, "compute-30 has no qemu-img.", "Nothing was")
    run_actions.look_again(run.pk, by=cast.operator)
    expect_rest(stage.play(run), RunState.COMPLETED)


class Closed(Stage):
    """A stage whose hosts novaweb may not enter."""

    @property
    def world(self) -> World:
        return World(self.cloud, None, self.cloud.nova_db)


def test_without_a_way_to_the_hosts_the_plan_says_that_nobody_looks() -> None:
    stage = Closed()
    run = stage.start("cold")
    step = run.steps.get(key=KEY)
    assert step.sentence.startswith("Nobody compares the disks")
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert "Nobody compared the disks" in said(run)


def test_a_way_that_is_gone_since_the_plan_holds_it() -> None:
    stage = Stage()
    run = stage.start("cold")
    stage.__class__ = Closed
    run = stage.play(run)
    assert (run.state, stage.asked(CONFIRMED, REVERTED)) == (RunState.HELD, [])
    assert "NOVAWEB_SSH" in run.why

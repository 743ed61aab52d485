"""The move by hand on the pretend cloud: what it does, and what it does in trouble.

Whatever happens: there are never two domains alive, no disk is lost, and the run goes
on, goes back, or is held with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migrations_app.errors import Refused, Unreachable
from migrations_app.integrations.host_commands import disk_copy
from migrations_app.integrations.interfaces import Move
from migrations_app.models.states import RunState
from migrations_app.procedures.steps.manual_power import StartOnTarget
from pretend.hosts import PretendHosts, Words
from tests.procedures.by_hand import ASKS, HandStage, expect_as_before, expect_moved

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def long_lease(settings: object) -> None:
    """Leases lapse by the stage's clock only: the heart has nothing to do."""
    settings.NOVAWEB_LEASE = 60.0  # type: ignore[attr-defined]


def test_it_moves_an_instance_by_hand() -> None:
    stage = HandStage()
    run = stage.play(stage.begin())
    expect_moved(stage, run)
    for job in ("base", "warm", "last"):
        assert stage.cloud.asked(f"job.{job}") == 1
    assert stage.cloud.asked("db.move") == 1


@pytest.mark.parametrize("job", ["base", "warm", "last"])
def test_it_goes_on_when_a_copy_is_cut(job: str) -> None:
    stage = HandStage()
    run = stage.begin()
    stage.cloud.doom(job, 255, "Connection to compute-34 closed", times=2)
    run = stage.play(run)
    expect_moved(stage, run)
    assert stage.cloud.asked(f"job.{job}") == 3
    assert run.lines.filter(text__contains="Connection to compute-34 closed").exists()


@pytest.mark.parametrize("key, job", [("copy_warm", "warm"), ("copy_rest", "last")])
def test_it_goes_on_when_the_source_lost_its_power_meanwhile(
    key: str, job: str
) -> None:
    stage = HandStage()
    run = stage.begin()
    stage.until(run, key, asked_at__isnull=False)
    stage.cloud.cut_job(job)
    expect_moved(stage, stage.play(run))
    assert stage.cloud.asked(f"job.{job}") == 2


@pytest.mark.parametrize("host", ["compute-30", "compute-34"])
def test_it_waits_for_a_host_that_does_not_answer(host: str) -> None:
    stage = HandStage()
    run = stage.begin()
    stage.until(run, "copy_rest", asked_at__isnull=False)
    stage.cloud.edit_host(host, ssh=False)
    for _ in range(5):
        stage.later(seconds=6)
        stage.walk(run)
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    if host == stage.source:
        assert "does not answer by SSH" in run.why
    stage.cloud.edit_host(host, ssh=True)
    expect_moved(stage, stage.play(run))


TROUBLES: dict[str, tuple[Callable[[HandStage], None], str]] = {
    "the target's disk is full": (
        lambda stage: stage.cloud.doom(
            "last", disk_copy.FULL, "No space left on device"
        ),
        "No space left on device",
    ),
    "the target's disk is full when the guest still runs": (
        lambda stage: stage.cloud.doom(
            "warm", disk_copy.FULL, "No space left on device"
        ),
        "see its disk",
    ),
    "the checksum is wrong": (
        lambda stage: stage.cloud.doom(
            "last", disk_copy.DIFFERS, "differs in 1 file(s)"
        ),
        "differs from the original",
    ),
    "the target has another base image": (
        lambda stage: stage.cloud.doom("base", disk_copy.DIFFERS, "another size"),
        "differs from the original",
    ),
    "the hosts have no cipher in common": (
        lambda stage: stage.cloud.doom(
            "last",
            255,
            "Unable to negotiate with 192.0.2.34: no matching cipher found.",
        ),
        "cannot open SSH to compute-34 as root. It said: Unable to negotiate",
    ),
    "the target's folder is there already": (
        lambda stage: stage.cloud.litter(stage.server, stage.target),
        "has a folder of the instance already",
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_it_goes_back_when(trouble: str) -> None:
    cause, why = TROUBLES[trouble]
    stage = HandStage()
    run = stage.begin()
    cause(stage)
    run = stage.play(run)
    assert why in run.why
    stage.cloud.clean(stage.server, stage.target)
    expect_as_before(stage, run)


@pytest.mark.parametrize("key", ["copy_rest", "put_in_place", "tell_nova"])
def test_it_goes_back_when_somebody_starts_the_instance_meanwhile(key: str) -> None:
    stage = HandStage()
    run = stage.begin()
    stage.cloud.die(ASKS[key], "before")
    stage.play_until_death(run)
    stage.cloud.start(stage.server)
    run = stage.play(run)
    expect_as_before(stage, run)
    assert "somebody started it" in run.why


def test_it_does_not_believe_a_copy_of_what_was_written_to_since() -> None:
    """Started and stopped again between the last look and the change of the row."""
    stage = HandStage()
    run = stage.begin()
    stage.cloud.die("ssh.place", "after")
    stage.play_until_death(run)
    stage.cloud.write(stage.server, stage.source)
    run = stage.play(run)
    expect_as_before(stage, run)
    assert "were written to after they were copied" in run.why


def test_it_is_held_when_the_guest_has_written_on_the_target() -> None:
    stage = HandStage()
    stage.cloud.spoil(stage.server, "start", "It crashed at once.")
    run = stage.begin()
    stage.cloud.die("start", "after")
    stage.play_until_death(run)
    stage.cloud.write(stage.server, stage.target)
    run = stage.play(run)
    assert run.state == RunState.HELD
    assert "has run on compute-34 and written" in run.why
    assert stage.cloud.server(stage.server).host == stage.target


def test_it_is_held_when_the_database_turns_us_away_before_the_guest_is_stopped() -> (
    None
):
    stage = HandStage()
    run = stage.begin()
    stage.until(run, "copy_warm", asked_at__isnull=False)
    stage.cloud.fail("db.row", Refused("Nova's database turned us away."), times=99)
    run = stage.play(run)
    assert run.state == RunState.HELD
    assert "turned us away" in run.why
    assert stage.cloud.server(stage.server).status == "ACTIVE"
    stage.cloud.spare("db.row")


@pytest.mark.parametrize("after", [False, True])
def test_it_changes_the_row_once_when_the_database_goes_away(after: bool) -> None:
    stage = HandStage()
    run = stage.begin()
    stage.cloud.fail("db.move", Unreachable("The database is away."), after=after)
    run = stage.play(run)
    expect_moved(stage, run)
    assert stage.cloud.asked("db.move") == 1


def test_it_leaves_a_stopped_instance_stopped() -> None:
    stage = HandStage()
    stage.server = stage.cloud.create("off", host=stage.source, vm_state="stopped")
    run = stage.play(stage.begin())
    server = stage.cloud.server(stage.server)
    assert (run.state, server.host, server.status) == (
        RunState.COMPLETED,
        stage.target,
        "SHUTOFF",
    )
    assert stage.cloud.domains(stage.server) == {}
    assert stage.asked("start", "stop") == []
    assert stage.cloud.asked("job.warm") == 0


def test_it_takes_a_stopped_instance_back_too() -> None:
    stage = HandStage()
    stage.server = stage.cloud.create("off", host=stage.source, vm_state="stopped")
    run = stage.begin()
    stage.cloud.die("bind_port", "before")
    stage.play_until_death(run)
    stage.stop(run)
    run = stage.play(run)
    server = stage.cloud.server(stage.server)
    assert (run.state, server.host, server.status) == (
        RunState.ROLLED_BACK,
        stage.source,
        "SHUTOFF",
    )


def test_it_leaves_the_lock_of_somebody_else() -> None:
    stage = HandStage()
    stage.cloud.edit(stage.server, locked=True, locked_reason="mine")
    run = stage.play(stage.begin())
    server = stage.cloud.server(stage.server)
    assert run.state == RunState.COMPLETED
    assert (server.locked, server.locked_reason) == (True, "mine")


def test_it_shows_the_approver_the_commands_and_the_sql() -> None:
    stage = HandStage()
    run = stage.begin()
    said = {step["key"]: "\n".join(step["commands"]) for step in run.request.plan}
    assert "rsync -a" in said["copy_rest"]
    assert f"mv -T -n {stage.server}" in said["forget_on_source"]
    assert "host = 'compute-34'" in said["tell_nova"]
    assert "AND host = 'compute-30'" in said["tell_nova"]
    assert f"uuid = '{stage.server}'" in said["tell_nova"]
    assert "\n".join(run.steps.get(key="tell_nova").commands) == said["tell_nova"]


@pytest.mark.parametrize("kept", ["snapshot", "managed-save"])
def test_it_begins_nothing_when_libvirt_keeps_what_would_be_lost(
    kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = HandStage()
    run = stage.begin()
    real = PretendHosts._census

    def census(self: PretendHosts, host: str, words: Words) -> str:
        return real(self, host, words).replace("kept ", f"kept {kept}")

    monkeypatch.setattr(PretendHosts, "_census", census)
    run = stage.play(run)
    expect_as_before(stage, run)
    assert f"has a {kept} of the instance" in run.why
    assert stage.cloud.asked("lock") == 0


def test_it_says_what_is_left_on_the_target_when_all_of_it_is_undone() -> None:
    stage = HandStage()
    run = stage.begin()
    stage.cloud.spoil(stage.server, "start")
    stage.until(run, "put_in_place", undone_at__isnull=False)
    stage.cloud.litter(stage.server, stage.target)
    run = stage.play(run)
    assert run.state == RunState.ROLLED_BACK
    said = run.lines.get(text__contains="that is not of this move").text
    assert said.startswith(f"{stage.target} has a folder /var/lib/nova/instances/")


def test_the_plan_says_that_volumes_come_after_the_start() -> None:
    stage = HandStage()
    sentence = stage.begin().steps.get(key="start_on_target").sentence
    assert "a guest that boots fast boots without them" in sentence
    alone = Move("id", "web", "a", "b", facts={"volumes": []})
    assert "volumes" not in StartOnTarget().sentence(alone)

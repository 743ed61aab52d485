"""The move by hand on the pretend cloud: every death, every trouble, both ways.

Whatever happens: there are never two domains alive, no disk is lost, and the run goes
on, goes back, or is held with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migrations_app.engine.footing import Way
from migrations_app.errors import Refused, Unreachable
from migrations_app.models import Run
from migrations_app.procedures.manual import Manual
from migrations_app.shell import copy
from migrations_app.states import RunState
from tests.stage import Stage, dying_at_write

pytestmark = pytest.mark.django_db

# What each act asks for, in the order of the plan.
ASKS = {
    "lock": "lock",
    "charge_target": "charge",
    "copy_base": "ssh.start_job.base",
    "copy_warm": "ssh.start_job.warm",
    "stop": "stop",
    "detach_volumes": "detach_volume",
    "copy_rest": "ssh.start_job.last",
    "put_in_place": "ssh.place",
    "tell_nova": "db.move",
    "bind_ports": "bind_port",
    "start_on_target": "start",
    "attach_volumes": "attach_volume",
    "forget_on_source": "ssh.retire",
    "unlock": "unlock",
}
# What is asked for on the way back from each, where something is.
UNDOES = {
    "lock": "unlock",
    "charge_target": "charge",
    "copy_base": "ssh.discard",
    "copy_warm": "ssh.discard",
    "stop": "start",
    "detach_volumes": "attach_volume",
    "copy_rest": "ssh.discard",
    "put_in_place": "ssh.unplace",
    "tell_nova": "db.move",
    "bind_ports": "bind_port",
}
ONCE = ("lock", "stop", "detach_volume", "start", "attach_volume", "unlock")
VOLUMES = ("data", "log")
SLICES = 8


@pytest.fixture(autouse=True)
def long_lease(settings: object) -> None:
    """Leases lapse by the stage's clock only: the heart has nothing to do."""
    settings.NOVAWEB_LEASE = 60.0  # type: ignore[attr-defined]


class HandStage(Stage):
    """A stage whose instance has two volumes, and on which no two domains may run."""

    def __init__(self, **settings: float) -> None:
        super().__init__(**settings)
        self.server = self.cloud.create("by-hand", host=self.source, volumes=VOLUMES)
        self.before = self.cloud.folders(self.server)

    def walk(self, run: Run) -> Way | None:
        try:
            return super().walk(run)
        finally:
            domains = self.cloud.domains(self.server)
            alive = [host for host, state in domains.items() if state != "shut off"]
            assert len(alive) <= 1, f"two domains run: {domains}"

    def begin(self) -> Run:
        return self.start("manual")

    def until(self, run: Run, key: str, **fields: object) -> None:
        """Walk until the step is as ``fields`` say, e.g. ``asked_at__isnull=False``."""
        for _ in range(300):
            if run.steps.filter(key=key, **fields).exists():
                return
            self.later(seconds=0.6)
            self.walk(run)
        raise AssertionError(f"{key} never was {fields}")

    def stop(self, run: Run) -> None:
        """Have a person ask to stop."""
        Run.objects.filter(pk=run.pk).update(
            stop_asked_at=self.time, stop_asked_by="operator", look_again_at=self.time
        )

    @property
    def token(self) -> str:
        return str(Run.objects.get().request.token)


def expect_moved(stage: HandStage, run: Run) -> None:
    server = stage.cloud.server(stage.server)
    assert (run.state, run.why) == (RunState.COMPLETED, "")
    assert (server.host, server.status, server.locked) == (
        stage.target,
        "ACTIVE",
        False,
    )
    assert set(stage.cloud.allocations(stage.server)) == {stage.target}
    assert {p.host for p in stage.cloud.ports(stage.server)} == {stage.target}
    assert server.volumes == VOLUMES
    assert stage.cloud.domains(stage.server) == {stage.target: "running"}
    aside = f"{stage.server}.novaweb-{stage.token}"
    names = {(host, name) for host, name, _ in stage.cloud.folders(stage.server)}
    assert names == {(stage.target, stage.server), (stage.source, aside)}
    # what runs on the target stands on what the source had last, and then wrote
    content = {host: number for host, _, number in stage.cloud.folders(stage.server)}
    assert content[stage.target] == content[stage.source] + 1
    asked = stage.asked(*ONCE)
    assert len(asked) == len(ONCE) + 2, asked  # two volumes each way, all else once


def expect_as_before(stage: HandStage, run: Run, *, runs: bool = True) -> None:
    server = stage.cloud.server(stage.server)
    assert run.state == RunState.ROLLED_BACK, run.why
    assert (server.host, server.locked) == (stage.source, False)
    assert server.status == ("ACTIVE" if runs else "SHUTOFF")
    assert set(stage.cloud.allocations(stage.server)) == {stage.source}
    assert {p.host for p in stage.cloud.ports(stage.server)} == {stage.source}
    assert server.volumes == VOLUMES
    state = "running" if runs else "shut off"
    assert stage.cloud.domains(stage.server) == {stage.source: state}
    names = {(host, name) for host, name, _ in stage.cloud.folders(stage.server)}
    assert names == {(stage.source, stage.server)}


def test_the_matrix_knows_every_act() -> None:
    acts = [step for step in Manual.steps if hasattr(step, "do")]
    known = {*ASKS, "release_source"}  # which asks what charge_target asked before
    assert {step.key for step in acts} == known
    back = {step.key for step in acts if step.reversible}  # type: ignore[attr-defined]
    assert back == {*UNDOES, "start_on_target"}


def test_it_moves_an_instance_by_hand() -> None:
    stage = HandStage()
    run = stage.play(stage.begin())
    expect_moved(stage, run)
    for job in ("base", "warm", "last"):
        assert stage.cloud.asked(f"job.{job}") == 1
    assert stage.cloud.asked("db.move") == 1


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


@pytest.mark.parametrize("part", range(SLICES))
def test_it_survives_a_death_at_any_write(part: int) -> None:
    with dying_at_write(10**6) as count:
        stage = HandStage()
        stage.play(stage.begin())
    assert count[0] > 60
    for number in range(part, count[0], SLICES):
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
    assert "operator asked to stop" in run.why


def with_death_after(stage: HandStage, run: Run, key: str) -> None:
    """Walk, but not past the request of that step: its worker dies after it."""
    from migrations_app.adapters.pretend import Killed

    stage.cloud.die(ASKS[key], "after")
    try:
        stage.walk(run)
    except Killed:
        stage.later(seconds=61)  # its lease lapses
        return
    stage.cloud.spare(ASKS[key])


@pytest.mark.parametrize("part", range(SLICES))
def test_it_goes_back_from_a_death_at_any_write(part: int) -> None:
    """From the last moment at which there is a way back: all but the start is done."""

    def go(number: int) -> int:
        stage = HandStage()
        stage.cloud.spoil(stage.server, "start", "No space for its memory.")
        run = stage.begin()
        with dying_at_write(number) as count:
            run = stage.play(run)
        expect_as_before(stage, run)
        assert "No space for its memory" in run.why
        return count[0]

    for number in range(part, go(10**6), SLICES):
        go(number)


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
        lambda stage: stage.cloud.doom("last", copy.FULL, "No space left on device"),
        "No space left on device",
    ),
    "the target's disk is full when the guest still runs": (
        lambda stage: stage.cloud.doom("warm", copy.FULL, "No space left on device"),
        "see its disk",
    ),
    "the checksum is wrong": (
        lambda stage: stage.cloud.doom("last", copy.DIFFERS, "differs in 1 file(s)"),
        "not what it was copied from",
    ),
    "the target has another base image": (
        lambda stage: stage.cloud.doom("base", copy.DIFFERS, "another size"),
        "not what it was copied from",
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

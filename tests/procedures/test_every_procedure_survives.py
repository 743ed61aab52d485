"""The crash matrix: every procedure, every step, every moment.

A worker is killed before and after each request to Nova, and at each write to the
database. Whatever the moment: the next worker ends in the same world, and Nova was
asked for each thing once.
"""

from __future__ import annotations

import pytest

from migrations_app.errors import Unreachable
from migrations_app.models import Line, Run
from migrations_app.procedures.base import Act
from migrations_app.procedures.registry import PROCEDURES
from migrations_app.states import RequestState, RunState, StepState
from tests.stage import Stage, dying_at_write

pytestmark = pytest.mark.django_db

# What each act asks of the cloud, and the instance action that Nova notes for it.
ASKS = {
    ("live", "migrate_live"): ("live_migrate", "live-migration"),
    ("cold", "migrate_cold"): ("migrate", "migrate"),
    ("cold", "confirm"): ("confirm", "confirmResize"),
}
UNDOES = {
    ("live", "migrate_live"): ("abort", "live_migration_cancel"),
    ("cold", "migrate_cold"): ("revert", "revertResize"),
}
NAMES = tuple(name for _, name in (*ASKS.values(), *UNDOES.values()))
SLICES = 6


@pytest.fixture(autouse=True)
def long_lease(settings: object) -> None:
    """Leases lapse by the stage's clock only: the heart has nothing to do."""
    settings.NOVAWEB_LEASE = 600.0  # type: ignore[attr-defined]


def acts() -> list[tuple[str, str]]:
    return [
        (name, step.key)
        for name, procedure in PROCEDURES.items()
        for step in procedure.steps
        if isinstance(step, Act)
    ]


def reversible() -> list[tuple[str, str]]:
    return [
        (name, step.key)
        for name, procedure in PROCEDURES.items()
        for step in procedure.steps
        if isinstance(step, Act) and step.reversible
    ]


def expect_moved(stage: Stage, run: Run, procedure: str) -> None:
    asks = [action for (name, _), (_, action) in ASKS.items() if name == procedure]
    assert (run.state, run.why) == (RunState.COMPLETED, "")
    assert run.request.state == RequestState.COMPLETED
    assert run.request.open_instance is None
    assert stage.host == stage.target
    assert stage.cloud.server(stage.server).status == "ACTIVE"
    assert set(stage.cloud.allocations(stage.server)) == {stage.target}
    assert {p.host for p in stage.cloud.ports(stage.server)} == {stage.target}
    assert stage.asked(*NAMES) == asks
    expect_whole_log(run)


def expect_as_before(stage: Stage, run: Run) -> None:
    assert run.state == RunState.ROLLED_BACK
    assert run.request.state == RequestState.ROLLED_BACK
    assert stage.host == stage.source
    assert stage.cloud.server(stage.server).status == "ACTIVE"
    assert set(stage.cloud.allocations(stage.server)) == {stage.source}
    assert {p.host for p in stage.cloud.ports(stage.server)} == {stage.source}
    asked = stage.asked(*NAMES)
    assert len(asked) == len(set(asked)), "something was asked for twice"
    expect_whole_log(run)


def expect_whole_log(run: Run) -> None:
    numbers = list(Line.objects.filter(run=run).values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def expect_nothing_under_way(run: Run) -> None:
    states = set(run.steps.values_list("state", flat=True))
    assert StepState.UNDER_WAY not in states
    assert StepState.GOING_BACK not in states


def test_it_knows_what_every_act_asks() -> None:
    """A new procedure must say here what it asks: so it enters the matrix."""
    assert set(acts()) == set(ASKS)
    assert set(reversible()) == set(UNDOES)


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_it_moves_an_instance(procedure: str) -> None:
    stage = Stage()
    run = stage.play(stage.start(procedure))
    expect_moved(stage, run, procedure)
    expect_nothing_under_way(run)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("procedure, key", acts())
def test_it_survives_a_death_around_a_request(
    procedure: str, key: str, moment: str
) -> None:
    stage = Stage()
    run = stage.start(procedure)
    stage.cloud.die(ASKS[procedure, key][0], moment)  # type: ignore[arg-type]
    run = stage.play(run)
    expect_moved(stage, run, procedure)


@pytest.mark.parametrize("procedure", PROCEDURES)
@pytest.mark.parametrize("part", range(SLICES))
def test_it_survives_a_death_at_any_write(procedure: str, part: int) -> None:
    with dying_at_write(10**6) as count:
        stage = Stage()
        stage.play(stage.start(procedure))
    assert count[0] > 20
    for number in range(part, count[0], SLICES):
        stage = Stage()
        run = stage.start(procedure)
        with dying_at_write(number):
            run = stage.play(run)
        expect_moved(stage, run, procedure)


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_it_survives_a_death_at_every_look(procedure: str) -> None:
    """Each worker lives for one look at the instance only."""
    stage = Stage()
    run = stage.start(procedure)
    for _ in range(200):
        stage.cloud.die("server", "after")
    run = stage.play(run, steps=1000)
    expect_moved(stage, run, procedure)


def stopped_while_asked(stage: Stage, run: Run, key: str) -> None:
    """Walk until the act was asked and is under way; then a person asks to stop."""
    while not run.steps.filter(key=key, asked_at__isnull=False).exists():
        stage.later(seconds=1)
        stage.walk(run)
    stage.later(seconds=2)
    Run.objects.filter(pk=run.pk).update(
        stop_asked_at=stage.time, stop_asked_by="operator", look_again_at=stage.time
    )


@pytest.mark.parametrize("moment", ["before", "after", "never"])
@pytest.mark.parametrize("procedure, key", reversible())
def test_it_goes_back_whatever_dies(procedure: str, key: str, moment: str) -> None:
    stage = Stage(live_seconds=3600)  # outlasts the leases of the dead
    run = stage.start(procedure)
    stopped_while_asked(stage, run, key)
    if moment != "never":
        stage.cloud.die(UNDOES[procedure, key][0], moment)  # type: ignore[arg-type]
    run = stage.play(run)
    expect_as_before(stage, run)
    assert UNDOES[procedure, key][1] in stage.asked(*NAMES)
    assert "operator asked to stop" in run.why


@pytest.mark.parametrize("procedure, key", reversible())
@pytest.mark.parametrize("part", range(SLICES))
def test_it_goes_back_from_a_death_at_any_write(
    procedure: str, key: str, part: int
) -> None:
    def go(number: int) -> int:
        stage = Stage(live_seconds=3600)
        run = stage.start(procedure)
        stopped_while_asked(stage, run, key)
        with dying_at_write(number) as count:
            run = stage.play(run)
        expect_as_before(stage, run)
        return count[0]

    for number in range(part, go(10**6), SLICES):
        go(number)


@pytest.mark.parametrize("procedure, key", acts())
@pytest.mark.parametrize("after", [False, True])
def test_it_asks_once_when_nova_answers_500(
    procedure: str, key: str, after: bool
) -> None:
    stage = Stage()
    run = stage.start(procedure)
    call = ASKS[procedure, key][0]
    stage.cloud.fail(call, Unreachable("Nova answered 500."), after=after)
    run = stage.play(run)
    expect_moved(stage, run, procedure)
    assert run.lines.filter(text="Nova answered 500.").count() == 1

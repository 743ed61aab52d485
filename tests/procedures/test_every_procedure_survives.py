"""The crash matrix: every procedure, every step, every moment.

A worker is killed before and after each request to Nova, and at each write to the
database. Whatever the moment: the next worker ends in the same world, and Nova was
asked for each thing once.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from migrations_app.errors import Unreachable
from migrations_app.models import Line, Run
from migrations_app.models.states import RequestState, RunState, StepState
from migrations_app.procedures.base import Act
from migrations_app.procedures.registry import PROCEDURES
from migrations_app.runs.engine import lease
from tests.crowd import Crowd
from tests.stage import Stage, dying_at_write

pytestmark = pytest.mark.django_db

# What each act asks of the cloud, and the instance action that Nova notes for it, if it
# does.
ASKS: dict[tuple[str, str], tuple[str, str | None]] = {
    ("live", "migrate_live"): ("live_migrate", "live-migration"),
    ("cold", "migrate_cold"): ("migrate", "migrate"),
    ("cold", "confirm"): ("confirm", "confirmResize"),
    ("cold_by_disabling", "disable_others"): ("set_service", None),
    ("cold_by_disabling", "ask_to_migrate"): ("migrate", "migrate"),
    ("cold_by_disabling", "enable_others"): ("set_service", None),
    ("cold_by_disabling", "confirm"): ("confirm", "confirmResize"),
}
UNDOES: dict[tuple[str, str], tuple[str, str | None]] = {
    ("live", "migrate_live"): ("abort", "live_migration_cancel"),
    ("cold", "migrate_cold"): ("revert", "revertResize"),
    ("cold_by_disabling", "disable_others"): ("set_service", None),
    ("cold_by_disabling", "ask_to_migrate"): ("revert", "revertResize"),
    # at once enabled is what the step before it was to enable
    ("cold_by_disabling", "enable_others"): ("revert", "revertResize"),
}
NAMES = {name for _, name in (*ASKS.values(), *UNDOES.values()) if name}
SLICES = 6
# The move by hand asks hosts and a database too: test_manual_deaths.py is its matrix.
HERE = {name: it for name, it in PROCEDURES.items() if name != "manual"}


@pytest.fixture(autouse=True)
def short_lease(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Leases lapse by the stage's clock, soon; the heart has nothing to do."""
    settings.NOVAWEB_LEASE = 600.0
    monkeypatch.setattr(lease, "lease_span", lambda: timedelta(seconds=4))


def acts() -> list[tuple[str, str]]:
    return [
        (name, step.key)
        for name, procedure in HERE.items()
        for step in procedure.steps
        if isinstance(step, Act)
    ]


def reversible() -> list[tuple[str, str]]:
    return [
        (name, step.key)
        for name, procedure in HERE.items()
        for step in procedure.steps
        if isinstance(step, Act) and step.reversible
    ]


def staged(procedure: str, **settings: float) -> Stage:
    """Return a stage with all that the procedure has a use for."""
    return (Crowd if procedure == "cold_by_disabling" else Stage)(**settings)


def expect_moved(stage: Stage, run: Run, procedure: str) -> None:
    asks = [act for (name, _), (_, act) in ASKS.items() if act and name == procedure]
    assert (run.state, run.why) == (RunState.COMPLETED, "")
    assert run.request.state == RequestState.COMPLETED
    assert run.request.open_instance is None
    assert stage.host == stage.target
    assert stage.cloud.server(stage.server).status == "ACTIVE"
    assert set(stage.cloud.allocations(stage.server)) == {stage.target}
    assert {p.host for p in stage.cloud.ports(stage.server)} == {stage.target}
    assert stage.asked(*NAMES) == asks
    expect_services_as_before(stage)
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
    expect_services_as_before(stage)
    expect_whole_log(run)


def expect_services_as_before(stage: Stage) -> None:
    if isinstance(stage, Crowd):
        assert stage.services() == stage.before


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


@pytest.mark.parametrize("procedure", HERE)
def test_it_moves_an_instance(procedure: str) -> None:
    stage = staged(procedure)
    run = stage.play(stage.start(procedure))
    expect_moved(stage, run, procedure)
    expect_nothing_under_way(run)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("procedure, key", acts())
def test_it_survives_a_death_around_a_request(
    procedure: str, key: str, moment: str
) -> None:
    stage = staged(procedure)
    run = stage.start(procedure)
    stage.cloud.die(ASKS[procedure, key][0], moment)  # type: ignore[arg-type]
    run = stage.play(run)
    expect_moved(stage, run, procedure)


@cache
def writes(procedure: str) -> int:
    """Return how many writes a move takes in which nobody dies."""
    with dying_at_write(10**6) as count:
        stage = staged(procedure)
        stage.play(stage.start(procedure))
    return count[0]


@pytest.mark.long
@pytest.mark.parametrize("procedure", HERE)
@pytest.mark.parametrize("part", range(SLICES))
def test_it_survives_a_death_at_any_write(procedure: str, part: int) -> None:
    assert writes(procedure) > 20
    for number in range(part, writes(procedure), SLICES):
        stage = staged(procedure)
        run = stage.start(procedure)
        with dying_at_write(number):
            run = stage.play(run)
        expect_moved(stage, run, procedure)


@pytest.mark.parametrize("procedure", HERE)
def test_it_survives_a_death_at_every_look(procedure: str) -> None:
    """Each worker lives for one look at the instance only."""
    stage = staged(procedure)
    run = stage.start(procedure)
    # hosts are not kept disabled for as long as two hundred deaths take
    for _ in range(8 if isinstance(stage, Crowd) else 200):
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
    stage = staged(procedure, live_seconds=3600)  # outlasts the leases of the dead
    run = stage.start(procedure)
    stopped_while_asked(stage, run, key)
    if moment != "never":
        stage.cloud.die(UNDOES[procedure, key][0], moment)  # type: ignore[arg-type]
    run = stage.play(run)
    expect_as_before(stage, run)
    if name := UNDOES[procedure, key][1]:
        assert name in stage.asked(*NAMES)
    assert "operator requested a stop" in run.why


def go_back(procedure: str, key: str, *, dying_at: int) -> int:
    """Go back from that act, with a death at a write; return how many there were."""
    stage = staged(procedure, live_seconds=3600)
    run = stage.start(procedure)
    stopped_while_asked(stage, run, key)
    with dying_at_write(dying_at) as count:
        run = stage.play(run)
    expect_as_before(stage, run)
    return count[0]


@cache
def writes_back(procedure: str, key: str) -> int:
    """Return how many writes the way back takes if nobody dies on it."""
    return go_back(procedure, key, dying_at=10**6)


@pytest.mark.long
@pytest.mark.parametrize("procedure, key", reversible())
@pytest.mark.parametrize("part", range(SLICES))
def test_it_goes_back_from_a_death_at_any_write(
    procedure: str, key: str, part: int
) -> None:
    for number in range(part, writes_back(procedure, key), SLICES):
        go_back(procedure, key, dying_at=number)


@pytest.mark.parametrize("procedure, key", acts())
@pytest.mark.parametrize("after", [False, True])
def test_it_asks_once_when_nova_answers_500(
    procedure: str, key: str, after: bool
) -> None:
    stage = staged(procedure)
    run = stage.start(procedure)
    call = ASKS[procedure, key][0]
    stage.cloud.fail(call, Unreachable("Nova answered 500."), after=after)
    run = stage.play(run)
    expect_moved(stage, run, procedure)
    assert run.lines.filter(text="Nova answered 500.").count() == 1

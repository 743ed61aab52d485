"""States: what is stored and given out is their value, however they are written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db.models import TextChoices

from migrations_app.models import Drain, MigrationRequest, Run, Step, states
from migrations_app.models.states import (
    DRAIN_MOVES,
    REQUEST_MOVES,
    RUN_MOVES,
    Afterwards,
    DrainState,
    RequestState,
    RunState,
    StepState,
)
from tests import factories

KINDS: list[type[TextChoices]] = [
    RequestState,
    RunState,
    StepState,
    DrainState,
    Afterwards,
]
STORED = {
    RequestState: "requested approved running held completed rolled_back closed"
    " rejected withdrawn expired left",
    RunState: "running going_back held completed rolled_back closed",
    StepState: "todo under_way done going_back undone",
    DrainState: "planning requested approved running paused cancelling completed"
    " incomplete cancelled rejected withdrawn expired failed",
    Afterwards: "keep enable",
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_stored_stays_what_it_was(kind: type[TextChoices]) -> None:
    assert kind.values == STORED[kind].split()


# values of old releases, which rows and the API keep
IN_OTHER_WORDS = {
    "left": "not moved",
    "todo": "to do",
    "under_way": "running",
    "going_back": "rolling back",
}


@pytest.mark.parametrize("state", [state for kind in KINDS for state in kind], ids=repr)
def test_a_state_is_its_value_wherever_it_is_written(state: Any) -> None:
    assert f"{state}" == str(state) == state.value == state
    assert json.dumps({"state": state}) == json.dumps({"state": state.value})
    assert {state.value: 1}[state] == 1
    assert state.value in {state}


@pytest.mark.parametrize("state", [state for kind in KINDS for state in kind], ids=repr)
def test_its_label_is_its_value_in_words(state: Any) -> None:
    assert state.label == IN_OTHER_WORDS.get(state, state.value.replace("_", " "))


@pytest.mark.parametrize(
    ("model", "field", "kind"),
    [
        (MigrationRequest, "state", RequestState),
        (Run, "state", RunState),
        (Step, "state", StepState),
        (Drain, "state", DrainState),
        (Drain, "afterwards", Afterwards),
    ],
)
def test_the_tables_know_these_and_no_others(
    model: Any, field: str, kind: type[TextChoices]
) -> None:
    assert model._meta.get_field(field).choices == kind.choices


@pytest.mark.parametrize(
    ("kind", "moves"),
    [(RequestState, REQUEST_MOVES), (RunState, RUN_MOVES), (DrainState, DRAIN_MOVES)],
)
def test_each_state_says_where_it_may_go(
    kind: type[TextChoices], moves: dict[Any, frozenset[Any]]
) -> None:
    assert set(moves) == set(kind)
    assert all(after <= set(kind) for after in moves.values())


def test_what_has_not_begun_is_open_and_what_is_dropped_is_over() -> None:
    assert states.BEFORE_START < states.OPEN_REQUESTS
    assert states.DROPPED.isdisjoint(states.OPEN_REQUESTS)
    assert states.WALKING_RUNS < states.OPEN_RUNS
    assert states.STARTED_DRAINS | states.WALKING_DRAINS < states.OPEN_DRAINS


@pytest.mark.django_db
def test_a_state_is_read_back_as_it_was_written() -> None:
    for state in RunState:
        run = factories.run()
        Run.objects.filter(pk=run.pk).update(state=state)
        stored = Run.objects.values_list("state", flat=True).get(pk=run.pk)
        assert (type(stored), stored) == (str, state.value)
        assert Run.objects.filter(pk=run.pk, state__in=frozenset({state})).exists()
        run.delete()

"""Runs by the REST interface: their log, and what may be asked of them."""

from __future__ import annotations

import pytest

from migrations_app.models import Run
from tests import factories
from tests.api.conftest import Person


def test_a_run_has_its_steps_and_figures(requester: Person) -> None:
    row = factories.run(lines=["one", "two"], progress={"memory_remaining": 5})

    answer = requester.get(f"runs/{row.pk}/")

    assert (answer.json["id"], answer.json["request"]) == (row.pk, row.request_id)
    states = [step["state"] for step in answer.json["steps"]]
    assert states == ["done", "done", "under_way", "todo"]
    assert answer.json["steps"][2]["title"] == "Migrate live"
    assert answer.json["steps"][2]["progress"] == {"memory_remaining": 5}
    assert answer.json["last_line"]["text"] == "two"


def test_a_run_that_has_said_nothing_has_no_last_line(requester: Person) -> None:
    row = factories.run()

    assert requester.get(f"runs/{row.pk}/").json["last_line"] is None
    assert requester.get(f"runs/{row.pk}/lines/").json == []


def test_a_long_log_comes_in_parts_without_a_gap(requester: Person) -> None:
    row = factories.run(lines=[f"line {number}" for number in range(1, 1201)])
    seen: list[int] = []
    while True:
        last = seen[-1] if seen else 0
        lines = requester.get(f"runs/{row.pk}/lines/", after=last).json
        if not lines:
            break
        assert len(lines) <= 500
        seen += [line["number"] for line in lines]

    assert seen == list(range(1, 1201))


@pytest.mark.parametrize("path", ["runs/7/", "runs/7/lines/"])
def test_a_run_that_there_is_not_is_a_404(requester: Person, path: str) -> None:
    answer = requester.get(path)

    assert answer.status == 404
    assert "no run 7" in answer.detail


@pytest.mark.parametrize("verb", ["stop", "abort", "force-complete"])
def test_an_operator_asks_something_of_a_run_under_way(
    operator: Person, verb: str
) -> None:
    row = factories.run()

    answer = operator.post(f"runs/{row.pk}/{verb}/", note="It takes too long.")

    assert answer.status == 200
    row.refresh_from_db()
    wish = row.force_asked_at if verb == "force-complete" else row.stop_asked_at
    assert wish is not None
    assert "It takes too long." in answer.json["last_line"]["text"]


@pytest.mark.parametrize("verb", ["stop", "abort", "force-complete", "look-again"])
def test_a_body_is_not_needed_where_a_note_is_not(operator: Person, verb: str) -> None:
    state = "held" if verb == "look-again" else "running"
    row = factories.run(state=state, look_again_at=None)

    assert operator.post(f"runs/{row.pk}/{verb}/", {}).status == 200


@pytest.mark.parametrize(
    ("verb", "state"),
    [("look-again", "running"), ("go-back", "going_back"), ("close", "closed")],
)
def test_an_operator_decides_about_a_held_run(
    operator: Person, verb: str, state: str
) -> None:
    row = factories.run(state="held", why="Nova says ERROR.", look_again_at=None)

    answer = operator.post(f"runs/{row.pk}/{verb}/", note="Looked at it.")

    assert (answer.status, answer.json["state"]) == (200, state)


def test_closing_by_hand_needs_a_note(operator: Person) -> None:
    row = factories.run(state="held", look_again_at=None)

    answer = operator.post(f"runs/{row.pk}/close/", note="  ")

    assert answer.status == 422
    assert Run.objects.get().state == "held"


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        ("stop", "completed"),
        ("abort", "held"),
        ("force-complete", "rolled_back"),
        ("look-again", "running"),
        ("go-back", "running"),
        ("close", "completed"),
    ],
)
def test_a_verb_that_does_not_fit_the_state_comes_too_late(
    operator: Person, verb: str, state: str
) -> None:
    row = factories.run(state=state)

    answer = operator.post(f"runs/{row.pk}/{verb}/", note="Please.")

    assert answer.status == 409
    assert answer.detail
    assert Run.objects.get().state == state

"""Watching: every line once, every end its status, however the connection is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from migrations_app.models import MigrationRequest, Run
from migrations_app.models.states import (
    DRAIN_MOVES,
    REQUEST_MOVES,
    DrainState,
    RequestState,
)
from novaweb_client import move_requests, watching
from novaweb_client.api import Refused, Unanswered
from novaweb_client.watching import (
    OF_DRAINS,
    OF_REQUESTS,
    Patience,
    follow_drain,
    follow_request,
)
from tests import factories
from tests.cast import Cast
from tests.client.conftest import At


class Clock:
    """Time that passes when somebody waits; then the next thing happens."""

    def __init__(self, *happens: Callable[[], Any]) -> None:
        self.now = 0.0
        self.happens: Iterator[Callable[[], Any]] = iter(happens)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        next(self.happens, lambda: None)()

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(watching, "sleep", made.sleep)
    monkeypatch.setattr(watching, "monotonic", made.monotonic)
    return made


def end(run: Run, state: str) -> None:
    """Have the run and its request end so."""
    Run.objects.filter(pk=run.pk).update(state=state)
    MigrationRequest.objects.filter(pk=run.request_id).update(
        state=state, why="So it was."
    )


def told(stderr: str) -> list[str]:
    """Return the lines of the log that were told, with their numbers."""
    lines = [line.split(maxsplit=2) for line in stderr.splitlines()]
    return [f"{line[0]} {line[2]}" for line in lines if line[0].isdecimal()]


@pytest.mark.django_db
def test_the_log_is_told_while_it_is_written(at: At, cast: Cast, clock: Clock) -> None:
    run = factories.run(lines=["It begins."])

    def complete() -> None:
        factories.write_line(run, "Done.")
        end(run, "completed")

    clock.happens = iter(
        [
            lambda: factories.write_line(run, "Something happened."),
            lambda: None,
            complete,
        ]
    )

    words = (str(run.request_id), "-c", "state", "-f", "value")
    done = at(cast.auditor).run(move_requests.WatchRequest, *words)

    assert (done.status, done.stdout) == (0, "completed\n")
    assert told(done.stderr) == ["1 It begins.", "2 Something happened.", "3 Done."]


@pytest.mark.django_db
def test_a_lost_connection_is_told_and_costs_no_line(
    at: At, cast: Cast, clock: Clock
) -> None:
    run = factories.run(lines=["It begins."])
    terminal = at(cast.auditor)
    lost = requests.ConnectionError()

    def lose() -> None:
        factories.write_line(run, "While nobody served.")
        terminal.wire.troubles += [lost, 502, lost]

    clock.happens = iter([lose, *[lambda: None] * 3, lambda: end(run, "completed")])
    done = terminal.run(move_requests.WatchRequest, str(run.request_id))

    assert done.status == 0
    assert told(done.stderr) == ["1 It begins.", "2 While nobody served."]
    assert done.stderr.count("does not answer") == 1
    assert done.stderr.count("answers again") == 1


@pytest.mark.django_db
def test_a_log_of_more_than_one_answer_is_told_whole(
    at: At, cast: Cast, clock: Clock
) -> None:
    run = factories.run(lines=[f"Line {number}." for number in range(1, 1202)])
    end(run, "completed")

    done = at(cast.auditor).run(move_requests.WatchRequest, str(run.request_id))

    assert told(done.stderr) == [f"{n} Line {n}." for n in range(1, 1202)]


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "status"), OF_REQUESTS.items())
def test_each_end_of_a_request_has_its_status(
    at: At, cast: Cast, clock: Clock, state: str, status: int
) -> None:
    row = factories.request(state=state, why="So it was.")

    done = at(cast.auditor).run(move_requests.WatchRequest, str(row.pk))

    assert done.status == status
    assert "So it was." in done.stderr


@pytest.mark.django_db
def test_what_takes_too_long_is_still_under_way(
    at: At, cast: Cast, clock: Clock
) -> None:
    row = factories.request()

    words = (str(row.pk), "--timeout", "60")
    done = at(cast.auditor).run(move_requests.WatchRequest, *words)

    assert done.status == 124
    assert clock.now == 60
    assert f"{row.pk} is still requested" in done.stderr


def test_every_state_is_under_way_or_has_a_status() -> None:
    """What has no way out is over; what a person must decide ends the wait, too."""
    over = {str(state) for state, moves in REQUEST_MOVES.items() if not moves}
    assert set(OF_REQUESTS) == over | {str(RequestState.HELD)}
    over = {str(state) for state, moves in DRAIN_MOVES.items() if not moves}
    assert set(OF_DRAINS) == over | {str(DrainState.PAUSED)}


class Fake:
    """An API whose connection breaks when it pleases, with a log that grows."""

    def __init__(self, script: list[tuple[int, bool]], page: int) -> None:
        self.script = script
        self.page = page
        self.lines = 0

    def get(self, path: str, *, within: float, after: int = 0) -> Any:
        more, broken = self.script.pop(0) if self.script else (0, False)
        self.lines += more
        if broken:
            raise Unanswered("No.", why="no")
        if path.endswith("/lines/"):
            numbers = range(after + 1, min(self.lines, after + self.page) + 1)
            return [
                {"number": n, "at": "2026-03-01T22:00:00Z", "text": "x"}
                for n in numbers
            ]
        return self.found

    @property
    def found(self) -> dict[str, Any]:
        state = "running" if self.script else "completed"
        return {"id": 1, "state": state, "why": "", "run": {"id": 2}}


@given(
    script=st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30),
    page=st.integers(1, 4),
)
def test_no_line_is_lost_or_doubled(script: list[tuple[int, bool]], page: int) -> None:
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(watching, "sleep", lambda seconds: None)
        api = Fake(script, page)
        patience = Patience(api, say=said.append)  # type: ignore[arg-type]
        _, status = follow_request(api.found, patience)

    assert status == 0
    numbers = [int(line.split()[0]) for line in said if line.strip()[0].isdecimal()]
    assert numbers == list(range(1, api.lines + 1))


class Steps:
    """An API that answers these drains, one after the other."""

    def __init__(self, *found: dict[str, Any]) -> None:
        self.found = list(found)

    def get(self, path: str, *, within: float) -> Any:
        return self.found.pop(0)


def a_drain(state: str, *moves: str, planned: int = 0) -> dict[str, Any]:
    named = [
        {"request": number, "instance_name": f"web-{number}", "state": each, "why": ""}
        for number, each in enumerate(moves, start=1)
    ]
    return {
        "id": 7,
        "state": state,
        "why": "",
        "moves": named,
        "looked_at": planned,
        "to_look_at": 2,
    }


def test_a_drain_is_told_by_its_moves(clock: Clock) -> None:
    said: list[str] = []
    api = Steps(
        a_drain("planning", planned=1),
        a_drain("requested", "requested", "requested"),
        a_drain("running", "running", "approved"),
        a_drain("running", "completed", "running"),
        a_drain("incomplete", "completed", "rolled_back"),
    )

    patience = Patience(api, say=said.append)  # type: ignore[arg-type]
    found, status = follow_drain(a_drain("planning"), patience)

    assert (found["state"], status) == ("incomplete", 4)
    assert said == [
        "Drain 7 is planning.",
        "1 of 2 moves are planned.",
        "Drain 7 is requested.",
        "Move 1 of web-1 is requested.",
        "Move 2 of web-2 is requested.",
        "Drain 7 is running.",
        "Move 1 of web-1 is running.",
        "Move 2 of web-2 is approved.",
        "Move 1 of web-1 is completed.",
        "Move 2 of web-2 is running.",
        "Drain 7 is incomplete.",
        "Move 2 of web-2 is rolled back.",
    ]


def test_a_refusal_ends_the_wait(clock: Clock) -> None:
    class Ended:
        def get(self, path: str, *, within: float) -> Any:
            raise Refused(401, "The token has expired.")

    patience = Patience(Ended(), say=lambda text: None)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="expired"):
        follow_drain(a_drain("planning"), patience)

"""How often, and in how many rounds, a run asks its cloud."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from migrations_app.errors import Unreachable
from migrations_app.integrations.interfaces import World
from migrations_app.models.states import RunState
from migrations_app.runs.engine import shared_look
from migrations_app.runs.engine.shared_look import SharedLook
from pretend import PretendCloud
from tests.stage import Stage

pytestmark = pytest.mark.django_db
START = ["actions+migrations+server+services"]
# Nova's end of a request of ours is looked for by one question after the other.
LOOK = ["server", "migrations"]
ROUNDS = {
    "live": [
        [*START, "live_migrate"],
        [*LOOK, "allocations+migrations+ports+server", "allocations"],
    ],
    "cold": [
        [*START, "migrate"],
        [*LOOK, "actions+migrations+ports+server", "confirm"],
        [*LOOK, "actions+allocations+migrations+server", "action", "allocations"],
    ],
}


class Rounds:
    """What a cloud was asked: questions that were put side by side are one round."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._rounds: list[tuple[bool, list[str]]] = []
        real, lock = PretendCloud._call, threading.Lock()

        @contextmanager
        def call(cloud: PretendCloud, name: str, subject: str = "") -> Iterator[None]:
            beside = threading.current_thread().name.startswith("asking")
            with lock:
                if not (beside and self._rounds and self._rounds[-1][0]):
                    self._rounds.append((beside, []))
                self._rounds[-1][1].append(name)
            with real(cloud, name, subject):
                yield

        monkeypatch.setattr(PretendCloud, "_call", call)

    def taken(self) -> list[str]:
        """Return the rounds since the last time."""
        found = ["+".join(sorted(names)) for _, names in self._rounds]
        self._rounds.clear()
        return found


@pytest.mark.parametrize("procedure", ROUNDS)
def test_steps_that_only_look_ask_in_one_round(
    procedure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # without a way into the hosts, as most clouds give none
    monkeypatch.setattr(Stage, "world", property(lambda it: World(it.cloud)))
    stage = Stage()
    run = stage.start(procedure)
    stage.cloud.at_once = 8
    rounds = Rounds(monkeypatch)
    walks = []
    for _ in ROUNDS[procedure]:
        stage.walk(run)
        walks.append(rounds.taken())
        stage.later(minutes=1)
    assert walks == ROUNDS[procedure]
    run.refresh_from_db()
    assert run.state == RunState.COMPLETED


@pytest.fixture
def cloud() -> Iterator[PretendCloud]:
    cloud = PretendCloud()
    cloud.add_host("compute-30")
    yield cloud
    cloud.close()


def look_of(cloud: PretendCloud, *questions: str) -> tuple[SharedLook, str]:
    """Return a look at a new instance, and the instance."""
    server = cloud.create("web", host="compute-30")
    cloud.calls.clear()
    covers = frozenset({"a_step"})
    return SharedLook(cloud, server, questions=questions, covers=covers), server


def test_each_question_is_put_once(cloud: PretendCloud) -> None:
    look, server = look_of(cloud, "server", "ports", "services")
    for _ in range(3):
        assert look.server(server).name == "web"
        assert look.ports(server)
        assert [it.host for it in look.services()] == ["compute-30"]
    assert set(cloud.calls.values()) == {1}


def test_what_it_was_not_asked_for_is_put_to_the_cloud(cloud: PretendCloud) -> None:
    look, server = look_of(cloud, "server")
    other = cloud.create("other", host="compute-30")
    assert look.server(other).name == "other"
    assert look.ports(server) == cloud.ports(server)
    assert look.allocations(other) == cloud.allocations(other)
    assert look.whoami() == cloud.whoami()


def test_an_old_answer_is_not_used(
    cloud: PretendCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, server = look_of(cloud, "server")
    assert look.server(server).locked is False
    cloud.edit(server, locked=True)
    assert look.server(server).locked is False
    monkeypatch.setattr(shared_look, "GOOD", -1.0)
    assert look.server(server).locked is True


@pytest.mark.parametrize("at_once", [1, 8])
def test_a_question_that_fails_is_trouble_of_the_step_that_needs_it(
    cloud: PretendCloud, at_once: int
) -> None:
    cloud.at_once = at_once
    cloud.fail("ports", Unreachable("Neutron does not answer."))
    look, server = look_of(cloud, "server", "ports")
    assert look.server(server).name == "web"
    with pytest.raises(Unreachable, match="Neutron does not answer"):
        look.ports(server)

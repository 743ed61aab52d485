"""What a worker tells of its ways in: fine, not set up, failing or unknown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from migrations_app.errors import Blocked, Refused, Unreachable
from migrations_app.integrations import connect
from migrations_app.integrations.interfaces import World
from migrations_app.integrations.looks.values import from_json, to_json
from migrations_app.inventory.setup_guide import inside as setup_inside
from migrations_app.inventory.setup_guide.clocks import clock_step
from migrations_app.inventory.setup_guide.inside import SetupInside, SetupQuestion
from migrations_app.inventory.setup_guide.step import State, Step
from migrations_app.management.looks import LOOKS
from migrations_app.models import LeakLook
from tests import factories
from tests.stage import Stage

pytestmark = pytest.mark.django_db
SSH, DATABASE, WORKER = "SSH to hypervisors", "Nova's database", "Workers answer"
ALL = "Every hypervisor"


@pytest.fixture(autouse=True)
def scanned(settings: Any) -> None:
    settings.NOVAWEB_LEAKS_EVERY = 3600.0


def steps() -> dict[str, Step]:
    return {step.name: step for step in setup_inside.steps_of("pretend")}


class Answering:
    """A worker that answers at once."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ask(
        self, name: str, question: Any, kind: Any, *, within: float | None = None
    ) -> Any:
        assert (name, kind) == ("setup", SetupInside)
        return setup_inside.look(self._world, question)


def answered_by(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Have a worker with these ways in asked."""
    asked = World(world.cloud, workers=Answering(world))
    monkeypatch.setattr(connect, "world_for", lambda name: asked)


def test_a_process_that_enters_hosts_itself_concludes_nothing_of_workers(
    stage: Stage,
) -> None:
    found = steps()
    assert found[WORKER].state is found["Clock of the worker"].state is State.UNKNOWN
    assert "NOVAWEB_HOSTS_ENTERED_BY" in found[WORKER].found


def test_ways_in_that_work_are_fine(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = factories.hypervisor(stage.source)
    LeakLook.objects.create(
        cloud=host.cloud, host=host.host, due_at=stage.time, looked_at=stage.time
    )

    answered_by(monkeypatch, stage.world)

    found = steps()

    assert {step.state for step in found.values()} == {State.OK}
    assert "root's commands are carried out on compute-30" in found[SSH].found
    assert "knows compute-30" in found[DATABASE].found


def test_what_a_worker_tells_goes_through_redis_as_it_is(stage: Stage) -> None:
    factories.hypervisor(stage.source)
    told = LOOKS["setup"]("pretend", to_json(SetupQuestion(stage.source)))
    assert from_json(SetupInside, to_json(told)) == told


def test_ways_that_are_not_set_up_are_no_faults_and_say_what_they_cost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.hypervisor(stage.source)
    answered_by(monkeypatch, World(stage.cloud))

    found = steps()

    assert found[SSH].state is found[DATABASE].state is State.UNUSED
    assert "NOVAWEB_SSH" in found[SSH].remedy
    assert "the disks of a cold migration are not compared" in found[SSH].cost
    assert "NOVAWEB_NOVA_DB" in found[DATABASE].remedy
    assert not any(step.hinders for step in found.values())


@pytest.mark.parametrize(
    "error, state",
    [
        (Unreachable("compute-30 is silent."), State.UNKNOWN),
        (Refused("Its key is not known."), State.FAILS),
        (Blocked("compute-30 says: no libvirt."), State.FAILS),
    ],
)
def test_a_way_that_fails_says_why(stage: Stage, error: Any, state: State) -> None:
    factories.hypervisor(stage.source)
    stage.cloud.fail("ssh.domains", error)

    found = steps()[SSH]

    assert (found.state, found.found) == (state, error.sentence)
    assert "known_hosts" in found.remedy


def test_without_a_hypervisor_nothing_is_tried_and_all_is_unknown(stage: Stage) -> None:
    factories.hypervisor(stage.source, up=False)

    found = steps()

    assert found[SSH].state is found[DATABASE].state is State.UNKNOWN
    assert "no hypervisor that is up is known" in found[SSH].found


class Silent:
    """Workers that nobody hears."""

    def ask(self, *asked: Any, within: float | None = None) -> Any:
        raise Unreachable("No worker answered in 20 s: is novaweb-worker running?")


def test_where_no_worker_answers_nothing_is_concluded(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.hypervisor(stage.source)
    world = World(stage.cloud, workers=Silent())
    monkeypatch.setattr(connect, "world_for", lambda name: world)

    found = steps()

    assert found[WORKER].state is State.FAILS
    assert "is novaweb-worker running" in found[WORKER].found
    assert "NOVAWEB_SECRET_KEY" in found[WORKER].remedy
    others = {step.state for name, step in found.items() if name != WORKER}
    assert others == {State.UNKNOWN}


@pytest.mark.parametrize(
    "troubles, state, says",
    [
        ([], State.UNKNOWN, "No hypervisor has been scanned yet."),
        (["", ""], State.OK, "each of 2 went well"),
        (["", "No route."], State.WARNS, "1 of 2 hypervisors failed"),
    ],
)
def test_every_hypervisor_is_as_the_scans_found_it(
    stage: Stage, troubles: list[str], state: State, says: str
) -> None:
    cloud = factories.cloud()
    for number, trouble in enumerate(troubles):
        LeakLook.objects.create(
            cloud=cloud,
            host=f"compute-{number}",
            due_at=stage.time,
            looked_at=stage.time,
            trouble=trouble,
        )

    found = steps()[ALL]

    assert (found.state, says in found.found) == (state, True)


def test_where_no_host_is_scanned_it_is_not_known(stage: Stage, settings: Any) -> None:
    settings.NOVAWEB_LEAKS_EVERY = 0
    assert steps()[ALL].state is State.UNKNOWN


@pytest.mark.parametrize(
    "seconds, state, says",
    [
        (0.0, State.OK, "It agrees"),
        (3.9, State.OK, "It agrees"),
        (-0.9, State.OK, "It agrees"),
        (-60.0, State.FAILS, "1 min behind the clock"),
        (63.0, State.FAILS, "1 min ahead of the clock"),
    ],
)
def test_a_clock_is_compared_with_the_times_before_and_after(
    seconds: float, state: State, says: str
) -> None:
    asked = timezone.now()
    answered = asked + timedelta(seconds=3)
    found = clock_step("Clock", asked + timedelta(seconds=seconds), asked, answered)
    assert (found.state, says in found.found) == (state, True)

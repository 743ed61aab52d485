"""Copy speeds and the world now, for programs."""

from __future__ import annotations

import pytest

from migrations_app.inventory.copy_speeds import measure as copy_speed_measure
from migrations_app.requests import plan as request_plan
from migrations_app.requests import plan_diff
from tests import factories
from tests.api.conftest import Person
from tests.cast import Cast
from tests.stage import Stage


@pytest.fixture
def ways_in(stage: Stage, db: None) -> Stage:
    """The stage, with its hosts in the inventory."""
    for host in (stage.source, stage.target):
        factories.hypervisor(host)
    return stage


def measure(stage: Stage) -> None:
    for _ in range(15):
        copy_speed_measure.measure_due(stage.time)
        stage.later(seconds=1)


def test_a_pair_is_measured_and_listed(ways_in: Stage, operator: Person) -> None:
    pair = {"source": ways_in.source, "target": ways_in.target}

    asked = operator.post("speeds/", pair)
    assert asked.status == 202
    assert asked.json["mbit"] is None
    assert asked.json["asked_by"] == "otto"
    assert operator.post("speeds/", pair).status == 409

    measure(ways_in)
    (found,) = operator.get("speeds/", latest="true", source=ways_in.source).json[
        "results"
    ]
    assert found["id"] == asked.json["id"]
    assert found["mbit"] > 0
    assert operator.get("speeds/", target="elsewhere").json["count"] == 0


def test_only_operators_have_it_measured(ways_in: Stage, requester: Person) -> None:
    pair = {"source": ways_in.source, "target": ways_in.target}

    assert requester.post("speeds/", pair).status == 403
    assert requester.get("speeds/").status == 200


def test_what_makes_no_sense_is_refused(ways_in: Stage, operator: Person) -> None:
    same = {"source": ways_in.source, "target": ways_in.source}

    assert operator.post("speeds/", same).status == 422
    assert operator.post("speeds/", {"source": ways_in.source}).status == 400
    assert operator.post("speeds/", {**same, "speed": 1}).status == 400


def test_estimates_are_made_with_what_was_measured_and_the_plan_stays_the_same(
    ways_in: Stage, cast: Cast, operator: Person, requester: Person
) -> None:
    request = cast.ask(ways_in)
    assert request.estimate["speed"]["measured_at"] is None

    pair = {"source": ways_in.source, "target": ways_in.target}
    operator.post("speeds/", pair)
    measure(ways_in)
    measured = operator.get("speeds/", latest="true").json["results"][0]["mbit"]

    again = request_plan.redraft(request)
    assert again.estimate["speed"]["mbit"] == measured
    assert again.estimate["speed"]["source"] == ways_in.source
    assert again.digest == request.plan_digest
    assert plan_diff.differences(request, again) == []

    body = {"instance": ways_in.server, "target": ways_in.target}
    answer = requester.post("preflight/", body)
    for option in answer.json["advice"]:
        assert option["estimate"]["speed"]["mbit"] == measured
    what_if = answer.json["what_if"]
    assert what_if["source"]["host"] == ways_in.source
    memory = what_if["target"]["resources"]["MEMORY_MB"]
    assert memory["used_after"] > memory["used_before"]


def test_the_world_beside_a_run(ways_in: Stage, requester: Person) -> None:
    run = ways_in.start("live")

    now = requester.get(f"runs/{run.pk}/world/").json

    assert now["step"]["verdict"] == "done"
    assert now["would"] == []
    host = next(each for each in now["readings"] if each["thing"] == "host")
    assert (host["now"], host["agrees"]) == (ways_in.source, True)
    assert requester.get("runs/999999/world/").status == 404

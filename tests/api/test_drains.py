"""Drains by the interface: asked for, looked at, and decided about."""

from __future__ import annotations

import pytest

from migrations_app.models import Drain
from tests.api.conftest import Person
from tests.cast import Cast
from tests.drains.drain_stage import LIMITS, REASON, Emptying
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_a_host_is_emptied_by_programs(stage: Stage, cast: Cast) -> None:
    emptying = Emptying(stage, cast, instances=3)
    emptying.read()
    operator, approver = Person(cast.operator), Person(cast.approver)
    asked = operator.post(
        "drains/", {"hosts": [stage.source], "reason": REASON, "limits": LIMITS}
    )
    assert (asked.status, asked.json["state"]) == (202, "planning")
    number = asked.json["id"]
    assert asked.headers["Location"].endswith(f"/api/drains/{number}/")
    drain = Drain.objects.get(pk=number)
    while Drain.objects.get(pk=number).state == "planning":
        emptying.look(drain)
    found = approver.get(f"drains/{number}/").json
    assert len(found["moves"]) == 3
    assert found["approvals"][0]["satisfied"] is False
    digest = {"plan_digest": found["plan_digest"], "note": "Fine."}
    assert approver.post(f"drains/{number}/approve/", digest).json["state"] == (
        "approved"
    )
    assert emptying.play(drain).state == "completed"
    late = operator.post(f"drains/{number}/cancel/", {"note": "Too late."})
    assert late.status == 409
    assert operator.get("drains/", state="completed").json["count"] == 1


def test_an_unknown_state_and_an_unknown_field_are_refused(
    stage: Stage, cast: Cast
) -> None:
    operator = Person(cast.operator)
    assert operator.get("drains/", state="lost").status == 400
    sent = {"hosts": [stage.source], "reason": REASON, "target": stage.target}
    assert operator.post("drains/", sent).status == 400

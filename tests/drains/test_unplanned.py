"""What a drain's plan did not know is not forgotten: it is named at the end."""

from __future__ import annotations

import pytest

from migrations_app.errors import Unreachable
from migrations_app.models import AuditEntry
from tests.cast import Cast
from tests.drains.drain_stage import Emptying
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def emptying(stage: Stage, cast: Cast) -> Emptying:
    return Emptying(stage, cast, instances=2)


def test_one_that_came_after_the_plan_is_named_with_the_way_out(
    emptying: Emptying,
) -> None:
    drain = emptying.approved(afterwards="enable")
    late = emptying.stage.cloud.create("late", host=Stage.source)
    drain = emptying.play(drain)
    assert drain.state == "incomplete"
    assert drain.why == "2 moved, 1 not moved: see the reasons below."
    (stay,) = drain.stays
    assert (stay["instance"], stay["name"], stay["host"]) == (
        late,
        "late",
        Stage.source,
    )
    assert "after the drain was planned" in stay["sentence"]
    assert "another drain" in stay["way_out"]
    ended = AuditEntry.objects.get(verb="drain.ended")
    assert (ended.after or {})["left"] == 1
    # it is the host's only one: nobody asked Nova to move it
    assert [each.name for each in emptying.stage.cloud.actions(late)] == ["create"]
    assert emptying.service().enabled


def test_one_that_somebody_moved_back_is_named(emptying: Emptying) -> None:
    drain = emptying.approved(limits={"per_source": 1, "overall": 1})
    first = drain.moves.order_by("place")[0]
    cloud = emptying.stage.cloud
    back = False
    for _ in range(600):
        drain.refresh_from_db()
        if drain.ended_at:
            break
        first.refresh_from_db()
        if first.state == "completed" and not back:
            back = True
            was = emptying.service()
            cloud.set_service(was.id, enabled=True)
            cloud.live_migrate(first.instance, host=Stage.source)
            emptying.stage.later(minutes=1)
            assert cloud.server(first.instance).host == Stage.source
            cloud.set_service(was.id, enabled=False, reason=was.disabled_reason)
        emptying.tick(drain)
    assert drain.state == "incomplete"
    (stay,) = drain.stays
    assert stay["instance"] == first.instance
    assert "moved it back" in stay["sentence"]


def test_one_that_was_created_and_deleted_meanwhile_is_no_matter(
    emptying: Emptying,
) -> None:
    drain = emptying.approved()
    late = emptying.stage.cloud.create("late", host=Stage.source)
    emptying.stage.cloud.delete(late)
    drain = emptying.play(drain)
    assert (drain.state, drain.stays) == ("completed", [])


def test_what_is_known_to_stay_is_named_once(emptying: Emptying) -> None:
    cloud = emptying.stage.cloud
    group = cloud.group("together", "affinity")
    for name in ("one", "two"):
        cloud.create(name, host=Stage.source, group=group)
    drain = emptying.approved()
    planned = list(drain.stays)
    drain = emptying.play(drain)
    assert drain.stays == planned


def test_it_ends_later_when_the_hosts_cannot_be_looked_at(
    emptying: Emptying,
) -> None:
    drain = emptying.approved(afterwards="enable")
    late = emptying.stage.cloud.create("late", host=Stage.source)
    away = Unreachable("Nova does not answer.")
    emptying.stage.cloud.fail("servers", away, times=2)
    drain = emptying.play(drain)
    assert drain.state == "incomplete"
    assert [stay["instance"] for stay in drain.stays] == [late]

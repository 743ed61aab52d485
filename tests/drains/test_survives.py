"""A drain whose worker dies at any of its writes goes on, and moves nothing twice."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from migrations_app.drains.lease import DrainLease
from migrations_app.models import AuditEntry, Drain
from pretend import Killed
from tests.cast import Cast
from tests.drains.drain_stage import Emptying
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("number", range(16))
def test_a_death_at_a_write_loses_nothing(
    stage: Stage, cast: Cast, number: int
) -> None:
    emptying = Emptying(stage, cast, instances=2)
    drain = emptying.approved(afterwards="enable")
    count = 0
    real = DrainLease.write

    def write(self: DrainLease, **fields: Any) -> None:
        nonlocal count
        count += 1
        if count == number + 1:
            raise Killed("write")
        real(self, **fields)

    with mock.patch.object(DrainLease, "write", write):
        drain = emptying.play(drain)
    assert count > number
    assert drain.state == "completed", drain.why
    assert stage.source not in emptying.hosts()
    assert emptying.service().enabled
    for server in emptying.servers:
        actions = [each.name for each in stage.cloud.actions(server)]
        assert actions.count("live-migration") == 1
    ended = AuditEntry.objects.filter(verb="drain.ended")
    assert ended.count() == 1
    assert Drain.objects.get().lease == ""


def test_members_of_a_group_end_on_different_hosts(stage: Stage, cast: Cast) -> None:
    emptying = Emptying(stage, cast, instances=1)
    group = stage.cloud.group("apart", "anti-affinity")
    held = stage.cloud.create("far", host="compute-35", group=group)
    near = stage.cloud.create("near", host=stage.source, group=group)
    drain = emptying.play(emptying.approved())
    assert drain.state == "completed"
    hosts = {stage.cloud.server(each).host for each in (held, near)}
    assert len(hosts) == 2
    assert stage.source not in hosts

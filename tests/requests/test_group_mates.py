"""Members of a server group that must be apart do not start for one host."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.models import MigrationRequest
from migrations_app.models.states import RequestState
from migrations_app.requests import plan as request_plan
from migrations_app.requests import start as request_start
from tests.cast import Cast
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def apart(stage: Stage) -> Stage:
    """Return a stage where web, on the source, and its mate, elsewhere, are apart."""
    stage.cloud.add_host("compute-31", zone="OS1")
    group = stage.cloud.group("apart", "anti-affinity")
    stage.server = stage.cloud.create("web-a", host=stage.source, group=group)
    return stage


def both_approved(stage: Stage, cast: Cast) -> list[MigrationRequest]:
    group = stage.cloud.group("apart", "anti-affinity")
    mate = stage.cloud.create("web-b", host="compute-31", group=group)
    return [cast.approved(stage), cast.approved(stage, instance=mate)]


def states(requests: list[Any]) -> list[str]:
    for request in requests:
        request.refresh_from_db()
    return sorted(request.state for request in requests)


def test_of_two_members_for_one_host_only_one_starts(apart: Stage, cast: Cast) -> None:
    requests = both_approved(apart, cast)
    assert request_start.start_due(apart.time) == 1
    assert states(requests) == [RequestState.REQUESTED, RequestState.RUNNING]
    (other,) = [it for it in requests if it.state == RequestState.REQUESTED]
    assert "is to get" in other.why


def test_of_two_that_were_checked_at_the_same_moment_only_one_begins(
    apart: Stage, cast: Cast
) -> None:
    requests = both_approved(apart, cast)
    drawn = [request_plan.redraft(request) for request in requests]
    began = [
        request_start.begin(request, plan, apart.time)
        for request, plan in zip(requests, drawn, strict=True)
    ]
    assert began == [True, False]
    assert states(requests) == [RequestState.APPROVED, RequestState.RUNNING]

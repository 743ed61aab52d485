"""A host that does not answer by SSH for a while voids no approval."""

from __future__ import annotations

import pytest

from migrations_app.errors import Unreachable
from migrations_app.models import Run
from migrations_app.models.states import RequestState
from migrations_app.requests import start as request_start
from tests.cast import Cast, outdate_the_check, verbs
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("procedure", ["live", "manual"])
def test_it_is_not_approved_while_a_host_is_silent(
    stage: Stage, cast: Cast, procedure: str
) -> None:
    request = cast.ask(stage, procedure=procedure)
    digest = request.plan_digest
    stage.cloud.edit_host(stage.target, ssh=False)
    with pytest.raises(Unreachable, match="does not answer by SSH"):
        cast.approve(request)
    request.refresh_from_db()
    assert (request.state, request.plan_digest) == (RequestState.REQUESTED, digest)
    stage.cloud.edit_host(stage.target, ssh=True)
    assert "request.approved" in verbs(cast.approve(request))


def test_it_waits_with_its_start_until_the_host_is_back(
    stage: Stage, cast: Cast
) -> None:
    request = cast.approved(stage)
    outdate_the_check(stage)
    stage.cloud.edit_host(stage.target, ssh=False)
    assert request_start.start_due(stage.time) == 0
    request.refresh_from_db()
    assert request.state == RequestState.APPROVED
    assert "does not answer by SSH" in request.why
    stage.cloud.edit_host(stage.target, ssh=True)
    stage.later(seconds=30)
    assert request_start.start_due(stage.time) == 1
    assert Run.objects.filter(request=request).exists()

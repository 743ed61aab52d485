"""Reading a cloud takes its time: who has lost a right meanwhile does nothing by it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from migrations_app.errors import NotAllowed
from migrations_app.models import MigrationRequest
from migrations_app.requests import amend as request_amend
from migrations_app.requests import plan as request_plan
from tests.cast import Cast
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def losing(who: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the person lose all roles while the cloud is read."""
    real = request_plan.draft

    def draft(*args: Any, **said: Any) -> Any:
        who.groups.clear()
        return real(*args, **said)

    monkeypatch.setattr(request_plan, "draft", draft)


def test_who_may_request_no_more_requests_nothing(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    losing(cast.requester, monkeypatch)
    with pytest.raises(NotAllowed, match="you need the role"):
        cast.ask(stage)
    assert not MigrationRequest.objects.exists()


def test_who_may_edit_no_more_edits_nothing(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = cast.ask(stage)
    losing(cast.operator, monkeypatch)
    with pytest.raises(NotAllowed, match="you need the role"):
        request_amend.amend(
            request.pk,
            by=cast.operator,
            plan_digest=request.plan_digest,
            note="So.",
            changes={"ticket": "OPS-7"},
        )
    before = request.plan_digest
    request.refresh_from_db()
    assert (request.ticket, request.plan_digest) == ("", before)

"""A drain is decided about by those who may at that moment."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from migrations_app.access.permissions import person
from migrations_app.drains import actions as drain_actions
from migrations_app.errors import NotAllowed
from tests.cast import Cast
from tests.drains.drain_stage import Emptying
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def emptying(stage: Stage, cast: Cast) -> Emptying:
    return Emptying(stage, cast)


def test_an_approver_who_lost_the_role_meanwhile_decides_no_more(
    emptying: Emptying, cast: Cast
) -> None:
    drain = emptying.planned()
    person(cast.approver)  # read here, as at the beginning of a decision
    cast.approver.groups.clear()
    with pytest.raises(NotAllowed, match="need the role approver"):
        drain_actions.approve(
            drain.pk, by=cast.approver, plan_digest=drain.plan_digest, note="Yes."
        )
    with pytest.raises(NotAllowed, match="need the role approver"):
        drain_actions.reject(drain.pk, by=cast.approver, note="No.")
    person(cast.second)
    User.objects.filter(pk=cast.second.pk).update(is_superuser=True)
    with pytest.raises(NotAllowed, match="do not count"):
        drain_actions.approve(
            drain.pk, by=cast.second, plan_digest=drain.plan_digest, note="Yes."
        )
    drain.refresh_from_db()
    assert drain.state == "requested"
    assert not drain.decisions.exists()

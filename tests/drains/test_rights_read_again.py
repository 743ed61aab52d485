"""A drain is decided about by those who may at that moment."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from migrations_app.access.permissions import person
from migrations_app.drains import actions as drain_actions
from migrations_app.errors import NotAllowed
from migrations_app.requests import actions as request_actions
from tests import factories
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


def test_who_withdrew_a_move_from_it_does_not_approve_the_rest(
    emptying: Emptying, cast: Cast
) -> None:
    factories.policy("Many", stages=[(2, "approver")], instances_at_least=5)
    both = factories.person("both", "operator", "approver")
    drain = emptying.planned()
    move = drain.moves.first()
    assert move is not None
    request_actions.withdraw(move.pk, by=both, note="This one is precious.")
    digest = drain.plan_digest
    with pytest.raises(NotAllowed, match="You withdrew a move from this drain"):
        drain_actions.approve(drain.pk, by=both, plan_digest=digest, note="Yes.")
    drain = drain_actions.approve(
        drain.pk, by=cast.approver, plan_digest=digest, note="Yes."
    )
    assert drain.state == "approved"


def test_who_withdraws_a_move_of_a_started_drain_takes_no_approval_back(
    emptying: Emptying, cast: Cast
) -> None:
    cast.approver.groups.add(*cast.operator.groups.all())
    drain = emptying.play(emptying.approved(), until="running")
    move = drain.moves.filter(state="approved").last()
    assert move is not None
    request_actions.withdraw(move.pk, by=cast.approver, note="This one is precious.")
    drain = emptying.play(drain)
    assert (drain.state, emptying.hosts().count(Stage.source)) == ("incomplete", 1)

"""Approving: four eyes on exactly the plan that will run."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group

from migrations_app.errors import Gone, NotAllowed, Refused, TooLate, Unfit, Unreachable
from migrations_app.models import Decision, MigrationRequest
from migrations_app.models.states import RequestState
from migrations_app.requests import actions as request_actions
from tests import factories
from tests.cast import Cast, last_entry, verbs
from tests.counted_approvals import approvals, approvals_needed
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_needed() -> None:
    factories.policy("Two", stages=[(2, "approver")])


def refused(
    cast: Cast, request: MigrationRequest, error: type[Exception], **fields: Any
) -> str:
    """Approve, expect that error, and that nobody has approved; its sentence."""
    said = {
        "by": cast.approver,
        "plan_digest": request.plan_digest,
        "note": "Fine.",
        **fields,
    }
    with pytest.raises(error) as caught:
        request_actions.approve(request.pk, **said)
    assert not Decision.objects.exists()
    request.refresh_from_db()
    assert request.state != RequestState.APPROVED
    assert "request.approved" not in verbs(request)
    return str(caught.value.sentence)  # type: ignore[attr-defined]


def test_it_starts_by_itself_then(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    assert request.state == RequestState.APPROVED
    assert request.look_again_at is not None
    assert request.look_again_at <= stage.time
    assert verbs(request) == ["request.asked", "request.approved", "request.ready"]
    entry = last_entry("request.approved")
    assert (entry.actor_name, entry.note) == ("approver", "Fine.")
    assert entry.after == {"digest": request.plan_digest}


@pytest.mark.parametrize("superuser", [False, True])
def test_nobody_approves_their_own(stage: Stage, cast: Cast, superuser: bool) -> None:
    cast.requester.is_superuser = superuser
    cast.requester.save()
    cast.requester.groups.add(Group.objects.get(name="approver"))
    request = cast.ask(stage)
    del cast.requester._novaweb_person  # type: ignore[attr-defined]
    assert "another person" in refused(cast, request, NotAllowed, by=cast.requester)


@pytest.mark.parametrize("who", ["operator", "auditor", "nobody"])
def test_it_takes_the_role(stage: Stage, cast: Cast, who: str) -> None:
    request = cast.ask(stage)
    sentence = refused(cast, request, NotAllowed, by=getattr(cast, who))
    assert "need the role approver" in sentence


def test_an_approver_who_is_a_superuser_does_not_count(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    cast.approver.is_superuser = True
    cast.approver.save()
    assert "do not count" in refused(cast, request, NotAllowed)


def test_a_superuser_needs_the_role_too(stage: Stage, cast: Cast) -> None:
    cast.nobody.is_superuser = True
    cast.nobody.save()
    refused(cast, cast.ask(stage), NotAllowed, by=cast.nobody)


def test_it_needs_a_note(stage: Stage, cast: Cast) -> None:
    assert "Give a reason" in refused(cast, cast.ask(stage), Unfit, note=" ")


def test_it_needs_the_digest_of_the_plan(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    assert "has changed" in refused(cast, request, TooLate, plan_digest="0" * 64)


def test_a_request_that_is_not_there(cast: Cast) -> None:
    with pytest.raises(Gone, match="There is no request 99"):
        request_actions.approve(99, by=cast.approver, plan_digest="", note="Fine.")


@pytest.mark.parametrize(
    "trouble, error", [("down", Unreachable), ("lock_out", Refused)]
)
def test_the_world_must_be_looked_at(
    stage: Stage, cast: Cast, trouble: str, error: type[Exception]
) -> None:
    request = cast.ask(stage)
    getattr(stage.cloud, trouble)()
    refused(cast, request, error)


def test_all_of_the_world_must_be_looked_at(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    stage.cloud.fail("services", Unreachable("Nova answered 500."))
    assert "Nova answered 500" in refused(cast, request, Unreachable)
    assert cast.approve(request).state == RequestState.APPROVED


def test_the_instance_must_be_there(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    stage.cloud.delete(stage.server)
    assert "does not exist" in refused(cast, request, Gone)


def test_what_is_over_cannot_be_approved(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    request_actions.withdraw(request.pk, by=cast.requester, note="Not needed.")
    assert "withdrawn" in refused(cast, request, TooLate)


# -- the plan changed ----------------------------------------------------------------


def test_a_changed_plan_is_shown_instead_of_approved(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    before = request.plan_digest
    stage.cloud.edit(stage.server, locked=True)
    assert "changed while it waited" in refused(cast, request, TooLate)
    assert request.plan_digest != before
    assert "web is locked" in request.why
    assert verbs(request) == ["request.asked", "request.voided"]
    assert cast.approve(request).state == RequestState.APPROVED


def test_a_plan_that_is_forbidden_now_cannot_be_approved(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    stage.cloud.edit_host(stage.target, up=False)
    refused(cast, request, TooLate)
    assert "compute-34 is down" in refused(cast, request, Unfit)
    assert request.state == RequestState.REQUESTED


def test_a_plan_that_is_again_what_it_was_is_approved_anew(
    stage: Stage, cast: Cast, two_needed: None
) -> None:
    """An approval that was void once stays void, and its giver may give it again."""
    request = cast.approve(cast.ask(stage))
    assert request.state == RequestState.REQUESTED
    for locked in (True, False):
        stage.cloud.edit(stage.server, locked=locked)
        with pytest.raises(TooLate):
            cast.approve(request, by=cast.second)
    request.refresh_from_db()
    assert approvals(request) == []
    assert cast.approve(request).state == RequestState.REQUESTED
    assert cast.approve(request, by=cast.second).state == RequestState.APPROVED


# -- two approvals -------------------------------------------------------------------


def test_two_people_must_approve_where_two_are_needed(
    stage: Stage, cast: Cast, two_needed: None
) -> None:
    request = cast.approve(cast.ask(stage))
    assert request.state == RequestState.REQUESTED
    assert approvals_needed(request) == 2
    assert len(approvals(request)) == 1
    request = cast.approve(request, by=cast.second)
    assert request.state == RequestState.APPROVED
    assert verbs(request).count("request.ready") == 1


def test_one_person_does_not_count_twice(
    stage: Stage, cast: Cast, two_needed: None
) -> None:
    request = cast.approve(cast.ask(stage))
    with pytest.raises(TooLate, match="already decided on this plan"):
        cast.approve(request)
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
    assert verbs(request).count("request.approved") == 1

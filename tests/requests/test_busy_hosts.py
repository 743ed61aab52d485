"""What busy hosts do not tell in time is unknown, and voids no approval."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from migrations_app.drains.begin_check import Begin, Postpone, decide
from migrations_app.errors import TooLate, Unreachable
from migrations_app.models import Run
from migrations_app.models.states import RequestState
from migrations_app.requests import start as request_start
from pretend.hosts import PretendHosts
from pretend.seed import SWAPPY
from tests import factories
from tests.cast import Cast, outdate_the_check, verbs
from tests.drains.drain_stage import Emptying
from tests.stage import Stage

pytestmark = pytest.mark.django_db
WAYS = "could not be found out: “no answer within 8 s”"
BASES = "could not be read in time"

Busy = Callable[[], pytest.MonkeyPatch]


@pytest.fixture
def busy() -> Iterator[Busy]:
    """Hosts that try no way to its end in time, and read no backing file.

    ``undo`` of what it returns gives them time again.
    """
    its_own = pytest.MonkeyPatch()  # the stage's patches stay when this is undone

    def begin() -> pytest.MonkeyPatch:
        ways = "ssh 124 \nnova 124 \nlibvirt 124 \n"
        its_own.setattr(PretendHosts, "_survey_reach", lambda *_: ways)
        its_own.setattr(PretendHosts, "_survey_bases", lambda *_: "")
        return its_own

    yield begin
    its_own.undo()


@pytest.mark.parametrize("procedure", ["live", "cold", "manual"])
def test_a_way_that_was_not_tried_in_time_is_no_other_plan(
    stage: Stage, cast: Cast, busy: Busy, procedure: str
) -> None:
    request = cast.ask(stage, procedure=procedure)
    digest = request.plan_digest
    quiet = busy()
    with pytest.raises(Unreachable, match=WAYS):
        cast.approve(request)
    request.refresh_from_db()
    assert (request.state, request.plan_digest) == (RequestState.REQUESTED, digest)
    quiet.undo()
    assert "request.approved" in verbs(cast.approve(request))


@pytest.mark.parametrize("procedure", ["live", "cold", "manual"])
def test_files_that_were_not_read_in_time_are_no_other_plan(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch, procedure: str
) -> None:
    stage.server = stage.cloud.create("swappy", host=stage.source, flavor=SWAPPY)
    request = cast.ask(stage, procedure=procedure)
    digest = request.plan_digest
    monkeypatch.setattr(PretendHosts, "_survey_bases", lambda *_: "")
    with pytest.raises(Unreachable, match=BASES):
        cast.approve(request)
    request.refresh_from_db()
    assert request.plan_digest == digest


def test_what_is_unknown_each_time_can_be_approved_and_starts(
    stage: Stage, cast: Cast, busy: Busy
) -> None:
    busy()
    request = cast.approve(cast.ask(stage))
    assert request.state == RequestState.APPROVED
    assert request_start.start_due(stage.time) == 1


def test_what_was_unknown_and_is_well_voids_no_approval(
    stage: Stage, cast: Cast, busy: Busy
) -> None:
    factories.policy("Two", stages=[(2, "approver")])
    quiet = busy()
    request = cast.approve(cast.ask(stage))
    quiet.undo()
    assert cast.approve(request, by=cast.second).state == RequestState.APPROVED
    assert request_start.start_due(stage.time) == 1
    assert "request.voided" not in verbs(request)
    found = [it["rule"] for it in Run.objects.get(request=request).findings]
    assert len(found) == len(set(found))


def test_what_was_unknown_and_is_forbidden_is_another_plan(
    stage: Stage, cast: Cast, busy: Busy
) -> None:
    quiet = busy()
    request = cast.ask(stage, procedure="live")
    quiet.undo()
    quiet.setattr(
        PretendHosts, "_survey_reach", lambda *_: "libvirt 1 error: refused\n"
    )
    with pytest.raises(TooLate):
        cast.approve(request)


def test_another_change_beside_what_has_become_known_is_another_plan(
    stage: Stage, cast: Cast, busy: Busy
) -> None:
    quiet = busy()
    request = cast.ask(stage)
    quiet.undo()
    stage.cloud.edit(stage.server, locked=True)
    with pytest.raises(TooLate):
        cast.approve(request)


def test_a_start_waits_until_the_hosts_have_time(
    stage: Stage, cast: Cast, busy: Busy
) -> None:
    request = cast.approved(stage)
    outdate_the_check(stage)
    quiet = busy()
    assert request_start.start_due(stage.time) == 0
    request.refresh_from_db()
    assert request.state == RequestState.APPROVED
    assert WAYS in request.why
    quiet.undo()
    stage.later(seconds=30)
    assert request_start.start_due(stage.time) == 1


def test_a_move_of_a_drain_waits_until_the_hosts_have_time(
    stage: Stage, cast: Cast, busy: Busy
) -> None:
    emptying = Emptying(stage, cast, instances=1)
    drain = emptying.approved()
    move = drain.moves.get()
    quiet = busy()
    found = decide(drain, move, now=stage.time)
    assert isinstance(found, Postpone)
    assert WAYS in found.why
    quiet.undo()
    assert isinstance(decide(drain, move, now=stage.time), Begin)

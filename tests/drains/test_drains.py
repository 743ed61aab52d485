"""A drain from its asking to its end, through the real engine on a pretend cloud."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.drains import actions as drain_actions
from migrations_app.drains import engine as drain_engine
from migrations_app.drains.lease import DrainLease
from migrations_app.errors import NotAllowed, TooLate, Unfit
from migrations_app.inventory import compute_services
from migrations_app.models import AuditEntry, Drain, Run
from migrations_app.models.states import RequestState
from migrations_app.procedures.steps.disabled_reason import drain_token
from migrations_app.requests import actions as request_actions
from migrations_app.requests import start as request_start
from tests.cast import Cast
from tests.drains.drain_stage import REASON, Emptying
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def emptying(stage: Stage, cast: Cast) -> Emptying:
    return Emptying(stage, cast)


def verbs() -> list[str]:
    rows = AuditEntry.objects.filter(verb__startswith="drain.").order_by("id")
    return list(dict.fromkeys(rows.values_list("verb", flat=True)))


def test_it_empties_a_host_under_one_approval(emptying: Emptying) -> None:
    drain = emptying.approved()
    assert drain.state == "approved"
    drain = emptying.play(drain)
    assert (drain.state, drain.why) == ("completed", "")
    assert Stage.source not in emptying.hosts()
    assert {move.state for move in drain.moves.all()} == {"completed"}
    assert verbs() == [
        "drain.asked",
        "drain.move_planned",
        "drain.planned",
        "drain.approved",
        "drain.ready",
        "drain.started",
        "drain.disabling",
        "drain.ended",
    ]


def test_it_never_passes_its_limits(emptying: Emptying) -> None:
    emptying.stage.cloud.set(live_seconds=20)

    def watch(drain: Drain) -> None:
        targets = [move.target for move in emptying.running(drain)]
        assert len(targets) <= 2
        assert all(targets.count(each) <= 1 for each in targets)

    emptying.watch = watch
    limits = {"per_source": 2, "per_target": 1, "per_zone": 0, "overall": 4}
    drain = emptying.play(emptying.approved(limits=limits))
    assert drain.state == "completed"
    assert emptying.most == 2


def test_the_host_is_disabled_first_and_stays_so(emptying: Emptying) -> None:
    drain = emptying.approved()
    emptying.look(drain)
    assert emptying.service().enabled
    emptying.play(drain)
    service = emptying.service()
    assert not service.enabled
    assert drain_token(service) == drain.token
    assert REASON in service.disabled_reason


def test_the_host_is_enabled_at_the_end_when_asked(emptying: Emptying) -> None:
    drain = emptying.play(emptying.approved(afterwards="enable"))
    assert drain.state == "completed"
    assert emptying.service().enabled


def test_a_host_that_somebody_has_disabled_is_left_as_it_is(
    emptying: Emptying,
) -> None:
    service = emptying.service()
    emptying.stage.cloud.set_service(service.id, enabled=False, reason="broken fan")
    drain = emptying.play(emptying.approved(afterwards="enable"))
    assert drain.state == "completed"
    assert emptying.service().disabled_reason == "broken fan"
    assert drain.services[0]["was_enabled"] is False


def test_nobody_approves_their_own_drain(emptying: Emptying, cast: Cast) -> None:
    cast.operator.groups.add(cast.approver.groups.get())
    drain = emptying.planned()
    with pytest.raises(NotAllowed, match="another person"):
        drain_actions.approve(
            drain.pk, by=cast.operator, plan_digest=drain.plan_digest, note="Me."
        )


def test_its_moves_are_nobody_s_to_decide_about(emptying: Emptying, cast: Cast) -> None:
    drain = emptying.planned()
    move = drain.moves.first()
    assert move is not None
    with pytest.raises(NotAllowed, match="part of drain"):
        request_actions.approve(
            move.pk, by=cast.approver, plan_digest=move.plan_digest, note="Fine."
        )


def test_its_moves_are_started_by_it_alone(emptying: Emptying) -> None:
    emptying.approved()
    emptying.stage.later(days=1)
    assert request_start.start_due(emptying.stage.time) == 0
    assert not Run.objects.exists()


def test_a_withdrawn_move_stays_and_the_others_go(
    emptying: Emptying, cast: Cast
) -> None:
    drain = emptying.approved()
    move = drain.moves.last()
    assert move is not None
    request_actions.withdraw(move.pk, by=cast.operator, note="This one is precious.")
    drain = emptying.play(drain)
    assert drain.state == "incomplete"
    assert emptying.hosts().count(Stage.source) == 1
    assert emptying.stage.cloud.server(move.instance).host == Stage.source


def test_one_that_is_blocked_does_not_block_the_others(emptying: Emptying) -> None:
    drain = emptying.approved()
    stuck = drain.moves.first()
    assert stuck is not None
    emptying.stage.cloud.stop(stuck.instance)
    emptying.stage.later(minutes=1)
    drain = emptying.play(drain)
    stuck.refresh_from_db()
    assert drain.state == "incomplete"
    assert stuck.state == RequestState.LEFT
    assert stuck.open_instance is None
    assert emptying.hosts().count(Stage.source) == 1


def test_it_goes_to_a_fallback_when_the_target_is_gone(emptying: Emptying) -> None:
    drain = emptying.approved()
    move = drain.moves.first()
    assert move is not None
    assert move.fallbacks
    service = emptying.service(move.target or "")
    emptying.stage.cloud.set_service(service.id, enabled=False, reason="broken")
    drain = emptying.play(drain)
    assert drain.state == "completed"
    host = emptying.stage.cloud.server(move.instance).host
    assert host in move.fallbacks


def test_it_pauses_after_so_many_failures_and_goes_on(
    emptying: Emptying, cast: Cast
) -> None:
    drain = emptying.approved(stop_after=1, limits={"per_source": 1, "overall": 1})
    first = drain.moves.order_by("place").first()
    assert first is not None
    emptying.stage.cloud.stop(first.instance)
    emptying.stage.later(minutes=1)
    drain = emptying.play(drain, until="paused")
    assert drain.state == "paused"
    assert "1 of its moves failed" in drain.why
    assert emptying.hosts().count(Stage.source) == 5
    drain_actions.resume(drain.pk, by=cast.operator, note="Known: it was stopped.")
    drain = emptying.play(drain)
    assert drain.state == "incomplete"
    assert emptying.hosts().count(Stage.source) == 1


def test_nothing_starts_while_it_is_paused(emptying: Emptying, cast: Cast) -> None:
    drain = emptying.approved(limits={"per_source": 1, "overall": 1})
    while not emptying.running(drain):
        emptying.tick(drain)
    drain_actions.pause(drain.pk, by=cast.operator, note="The network is slow.")
    for _ in range(40):
        emptying.tick(drain)
    assert Run.objects.filter(request__drain=drain).count() == 1
    assert emptying.hosts().count(Stage.source) == 4
    drain_actions.resume(drain.pk, by=cast.operator, note="It is quick again.")
    assert emptying.play(drain).state == "completed"


def test_cancelling_lets_what_runs_end_and_starts_nothing(
    emptying: Emptying, cast: Cast
) -> None:
    drain = emptying.approved(
        limits={"per_source": 1, "overall": 1}, afterwards="enable"
    )
    while not emptying.running(drain):
        emptying.tick(drain)
    drain_actions.cancel(drain.pk, by=cast.operator, note="Not today.")
    drain = emptying.play(drain)
    assert drain.state == "cancelled"
    assert emptying.hosts().count(Stage.source) == 4
    assert emptying.service().enabled
    states = sorted(drain.moves.values_list("state", flat=True))
    assert states == ["completed", *["withdrawn"] * 4]
    assert not drain.moves.exclude(open_instance=None).exists()


@pytest.mark.parametrize("verb", ["reject", "withdraw"])
def test_it_ends_with_its_moves_before_it_began(
    emptying: Emptying, cast: Cast, verb: str
) -> None:
    drain = emptying.approved()
    by = cast.approver if verb == "reject" else cast.operator
    drain = getattr(drain_actions, verb)(drain.pk, by=by, note="No.")
    assert drain.state == verb + ("ed" if verb == "reject" else "n")
    assert {move.state for move in drain.moves.all()} == {drain.state}
    assert not drain.moves.exclude(open_instance=None).exists()
    assert emptying.service().enabled


def test_what_was_moved_is_moved_back_under_a_new_approval(
    emptying: Emptying, cast: Cast
) -> None:
    drain = emptying.play(emptying.approved(afterwards="enable"))
    emptying.read()
    back = drain_actions.move_back(drain.pk, by=cast.operator, reason="It is in.")
    while back.state == "planning":
        emptying.look(back)
        back.refresh_from_db()
    assert back.state == "requested", (back.why, back.stays)
    drain_actions.approve(
        back.pk, by=cast.approver, plan_digest=back.plan_digest, note="Fine."
    )
    assert emptying.play(back).state == "completed"
    assert emptying.hosts() == [Stage.source] * 5


def test_a_host_has_one_open_drain(emptying: Emptying) -> None:
    emptying.ask()
    with pytest.raises(TooLate, match="already"):
        emptying.ask()


def test_an_unknown_host_is_refused(emptying: Emptying) -> None:
    with pytest.raises(Unfit, match="No hypervisor"):
        emptying.ask(hosts=["compute-99"])


def test_a_host_is_not_enabled_by_hand_while_it_is_emptied(
    emptying: Emptying, cast: Cast
) -> None:
    drain = emptying.approved()
    while not drain.services:
        emptying.tick(drain)
    with pytest.raises(TooLate, match="empties it"):
        compute_services.enable(emptying.service().id, by=cast.operator, note="So.")


def test_it_pauses_when_somebody_enables_the_host_in_nova(emptying: Emptying) -> None:
    drain = emptying.approved(limits={"per_source": 1, "overall": 1})
    while not emptying.running(drain):
        emptying.tick(drain)
    emptying.stage.cloud.set_service(emptying.service().id, enabled=True)
    drain = emptying.play(drain, until="paused")
    assert drain.state == "paused"
    assert "Somebody has enabled" in drain.why


def test_two_who_look_at_once_start_nothing_twice(emptying: Emptying) -> None:
    drain = emptying.approved(limits={"per_source": 1, "overall": 1})
    while drain.state != "running":
        emptying.tick(drain)
    first = DrainLease(drain.pk, emptying.stage.clock)
    emptying.stage.later(minutes=1)
    assert first.claim()
    assert not drain_engine.look(drain.pk, clock=emptying.stage.clock)
    first.release(look_again_at=emptying.stage.time)
    emptying.look(drain)
    assert Run.objects.filter(request__drain=drain).count() <= 1


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", ["set_service", "service", "live_migrate"])
def test_it_survives_a_death_around_each_request(
    emptying: Emptying, call: str, moment: Any
) -> None:
    drain = emptying.approved(afterwards="enable")
    emptying.stage.cloud.die(call, moment)
    drain = emptying.play(drain)
    assert drain.state == "completed", drain.why
    assert emptying.service().enabled
    for server in emptying.servers:
        actions = [a.name for a in emptying.stage.cloud.actions(server)]
        assert actions.count("live-migration") == 1

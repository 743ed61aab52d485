"""What the calendar lets start: in freezes, in windows, and when either changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from migrations_app.errors import Gone, NotAllowed, TooLate, Unfit
from migrations_app.models import AuditEntry, MigrationRequest, Run, Window
from migrations_app.models.states import RequestState
from migrations_app.requests import plan as request_plan
from migrations_app.requests import start as request_start
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows import places, schedule
from migrations_app.requests.windows.actions import Wish
from migrations_app.requests.windows.calendar.conflicts import inside
from migrations_app.requests.windows.calendar.scope import Spot, Where
from tests import factories
from tests.cast import Cast, verbs
from tests.stage import Stage

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def clock(at: datetime) -> datetime:
    """Return what a clock shows that goes by UTC, in whole minutes."""
    return at.replace(tzinfo=None, second=0, microsecond=0)


def wish(begin: datetime, end: datetime, **more: Any) -> Wish:
    """Return a freeze of everything from then to then."""
    values: dict[str, Any] = {
        "name": "Year's end",
        "kind": "freeze",
        "starts": clock(begin),
        "ends": clock(end),
        "time_zone": "UTC",
        "reason": "Nobody is here.",
        **more,
    }
    return Wish(**values)


def freeze(
    stage: Stage, cast: Cast, begin: timedelta, end: timedelta, **more: Any
) -> Window:
    """Have the operator make a freeze, from and to so long after now."""
    made = wish(stage.time + begin, stage.time + end, **more)
    return window_actions.create(made, by=cast.operator)


def start(stage: Stage, request: MigrationRequest) -> MigrationRequest:
    """Start what is due now, and return the request as it is then."""
    request_start.start_due(stage.time)
    request.refresh_from_db()
    return request


@pytest.fixture(autouse=True)
def zones(stage: Stage, db: None) -> None:
    """Our copy of the cloud knows in which zone the hosts are."""
    for host in (stage.source, stage.target):
        factories.hypervisor(host, zone="OS1")


def test_it_waits_for_the_end_of_a_freeze_that_was_made_after_the_approval(
    stage: Stage, cast: Cast
) -> None:
    request = cast.approved(stage)
    freeze(stage, cast, -HOUR, HOUR)
    assert start(stage, request).state == RequestState.APPROVED
    assert "There is a freeze, “Year's end”, until" in request.why
    assert "Nobody is here." in request.why
    assert request.look_again_at == stage.time + timedelta(minutes=1)
    stage.later(hours=1)
    assert start(stage, request).state == RequestState.RUNNING
    assert verbs(request).count("run.started") == 1


def test_a_freeze_that_is_retired_holds_nothing_up(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    row = freeze(stage, cast, -HOUR, HOUR)
    assert start(stage, request).state == RequestState.APPROVED
    window_actions.retire(row.pk, by=cast.operator, note="It is over early.")
    stage.later(minutes=1)
    assert start(stage, request).state == RequestState.RUNNING


def test_it_expires_when_a_freeze_leaves_nothing_of_its_window(
    stage: Stage, cast: Cast
) -> None:
    window = {"window_start": stage.time + HOUR, "window_end": stage.time + 3 * HOUR}
    request = cast.approved(stage, **window)
    freeze(stage, cast, HOUR, 4 * HOUR)
    stage.later(hours=1)
    assert start(stage, request).state == RequestState.EXPIRED
    assert "the rest of the window" in request.why
    assert request.open_instance is None
    entry = AuditEntry.objects.get(verb="request.expired")
    assert entry.note == request.why


def test_it_starts_after_a_freeze_in_what_is_left_of_its_window(
    stage: Stage, cast: Cast
) -> None:
    window = {"window_start": stage.time + HOUR, "window_end": stage.time + 5 * HOUR}
    request = cast.approved(stage, **window)
    freeze(stage, cast, HOUR, 2 * HOUR)
    stage.later(hours=1)
    assert start(stage, request).state == RequestState.APPROVED
    stage.later(hours=1)
    assert start(stage, request).state == RequestState.RUNNING


@pytest.mark.parametrize(
    "scope, held",
    [
        ({}, True),
        ({"clouds": ("pretend",)}, True),
        ({"zones": ("OS1",)}, True),
        ({"zones": ("OS2",)}, False),
        ({"hosts": ("compute-30",)}, True),
        ({"hosts": ("compute-34",)}, True),
        ({"hosts": ("compute-99",)}, False),
        ({"zones": ("OS2",), "hosts": ("compute-30",)}, False),
        ({"kind": "maintenance"}, False),
    ],
)
def test_a_freeze_is_about_its_scope(
    stage: Stage, cast: Cast, scope: dict[str, Any], held: bool
) -> None:
    request = cast.approved(stage)
    freeze(stage, cast, -HOUR, HOUR, **scope)
    expected = RequestState.APPROVED if held else RequestState.RUNNING
    assert start(stage, request).state == expected


def test_it_does_not_begin_what_would_run_into_a_freeze(
    stage: Stage, cast: Cast
) -> None:
    request = cast.approved(stage)
    estimate = {**request.estimate, "duration": [600, 1200]}
    MigrationRequest.objects.update(estimate=estimate)
    request.refresh_from_db()
    row = freeze(stage, cast, timedelta(minutes=5), HOUR)
    block = schedule.start_block(request, stage.time)
    assert block is not None
    assert row.name in block.sentence
    earlier = stage.time - timedelta(minutes=10)
    assert schedule.start_block(request, earlier) is None


def test_a_freeze_that_is_made_while_the_cloud_is_looked_at_is_seen(
    stage: Stage, cast: Cast
) -> None:
    request = cast.approved(stage)
    drawn = request_plan.redraft(request)
    freeze(stage, cast, -HOUR, HOUR)
    assert not request_start.begin(request, drawn, stage.time)
    assert not Run.objects.exists()
    request.refresh_from_db()
    assert request.state == RequestState.APPROVED


def test_it_never_begins_after_the_end_of_its_window(stage: Stage, cast: Cast) -> None:
    window = {"window_start": stage.time, "window_end": stage.time + HOUR}
    request = cast.approved(stage, **window)
    drawn = request_plan.redraft(request)
    looked = stage.time
    stage.later(hours=1)
    assert not request_start.begin(request, drawn, looked)
    assert not Run.objects.exists()


def test_what_the_preflight_found_at_the_start_is_kept(
    stage: Stage, cast: Cast
) -> None:
    run = cast.run(stage)
    assert [f["rule"] for f in run.findings] == [
        f["rule"] for f in run.request.findings
    ]
    assert run.findings


def test_who_asks_is_told_what_is_in_the_way(stage: Stage, cast: Cast) -> None:
    window = {"window_start": stage.time + HOUR, "window_end": stage.time + 3 * HOUR}
    freeze(stage, cast, 2 * HOUR, 4 * HOUR)
    freeze(stage, cast, 40 * HOUR, 44 * HOUR, kind="maintenance", zones=("OS1",))
    request = cast.ask(stage, **window)
    found = schedule.conflicts_of(request)
    assert [each.kind for each in found] == ["freeze", "no-window"]
    assert "does not start in it" in found[0].sentence
    assert "The next: " in found[1].sentence
    other = stage.cloud.create("second", host=stage.source)
    second = cast.ask(stage, instance=other, **window)
    assert [each.request for each in schedule.conflicts_of(second)][-1] == request.pk


def test_a_freeze_of_all_of_the_window_is_named_first(stage: Stage, cast: Cast) -> None:
    window = {"window_start": stage.time + HOUR, "window_end": stage.time + 3 * HOUR}
    freeze(stage, cast, HOUR, 2 * HOUR)
    freeze(stage, cast, 2 * HOUR, 3 * HOUR + timedelta(minutes=1))
    found = schedule.conflicts_of(cast.ask(stage, **window))
    assert "cover the whole window" in found[0].sentence


def test_openings_are_when_both_hosts_have_a_window_and_no_freeze(
    stage: Stage, cast: Cast
) -> None:
    freeze(stage, cast, HOUR, 6 * HOUR, kind="maintenance", hosts=(stage.source,))
    freeze(stage, cast, 2 * HOUR, 8 * HOUR, kind="maintenance", hosts=(stage.target,))
    freeze(stage, cast, 3 * HOUR, 4 * HOUR, zones=("OS1",))
    about = places.where("pretend", [stage.source, stage.target])
    base = stage.time.replace(second=0, microsecond=0)
    hours = [
        ((a - base) / HOUR, (b - base) / HOUR) for a, b in schedule.openings(about)
    ]
    assert hours == [(2, 3), (4, 6)]
    begin, end = stage.time + 2 * HOUR, stage.time + 3 * HOUR
    elsewhere = Where("pretend", (*about.spots, Spot("OS2")))
    known = schedule.rules(begin - HOUR, end)
    assert inside(known, about, begin, end)
    assert not inside(known, about, begin - HOUR, end)
    assert not inside(known, elsewhere, begin, end)


def test_every_change_is_audited_with_what_it_was(stage: Stage, cast: Cast) -> None:
    row = freeze(stage, cast, -HOUR, HOUR)
    changed = wish(stage.time, stage.time + 2 * HOUR, name="Longer")
    window_actions.change(row.pk, changed, by=cast.approver, version=1)
    window_actions.retire(row.pk, by=cast.operator, note="Over.")
    made, change, retired = AuditEntry.objects.filter(verb__startswith="window.")
    found = sorted([made, change, retired], key=lambda each: each.pk)
    assert [each.verb for each in found] == [
        "window.created",
        "window.changed",
        "window.retired",
    ]
    assert found[1].before["name"] == "Year's end"
    assert found[1].after["name"] == "Longer"
    assert found[1].actor_name == "approver"
    assert found[2].note == "Over."


def test_a_window_of_a_cloud_keeps_its_own_name(stage: Stage, cast: Cast) -> None:
    made = freeze(stage, cast, -HOUR, HOUR, clouds=("pretend",))
    assert made.name == "Year's end"


def test_who_saw_an_older_version_changes_nothing(stage: Stage, cast: Cast) -> None:
    row = freeze(stage, cast, -HOUR, HOUR)
    made = wish(stage.time, stage.time + HOUR)
    window_actions.change(row.pk, made, by=cast.operator, version=1)
    with pytest.raises(TooLate):
        window_actions.change(row.pk, made, by=cast.operator, version=1)
    window_actions.retire(row.pk, by=cast.operator, note="Over.")
    with pytest.raises(TooLate):
        window_actions.retire(row.pk, by=cast.operator, note="Over.")
    with pytest.raises(TooLate):
        window_actions.change(row.pk, made, by=cast.operator, version=3)


def test_only_approvers_and_operators_change_the_calendar(
    stage: Stage, cast: Cast
) -> None:
    made = wish(stage.time, stage.time + HOUR)
    for who in (cast.requester, cast.auditor, cast.nobody):
        with pytest.raises(NotAllowed):
            window_actions.create(made, by=who)
    assert not Window.objects.exists()
    with pytest.raises(Gone):
        window_actions.window(1)


@pytest.mark.parametrize(
    "more, words",
    [
        ({"name": " "}, "a name"),
        ({"reason": " "}, "a reason for the window"),
        ({"kind": "party"}, "maintenance window or a freeze"),
        ({"clouds": ("nowhere",)}, "no cloud"),
        ({"hosts": ("a\x00b",)}, "No host has a name like that"),
        ({"zones": tuple(map(str, range(201)))}, "at most 200 zones"),
        ({"time_zone": "Mars/Olympus"}, "no time zone"),
    ],
)
def test_it_refuses_what_makes_no_sense(
    stage: Stage, cast: Cast, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(Unfit, match=words):
        freeze(stage, cast, -HOUR, HOUR, **more)

"""A move whose target the scheduler is to choose waits for freezes of any of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from migrations_app.models import Hypervisor, MigrationRequest, Run
from migrations_app.models.states import RequestState
from migrations_app.requests import amend as request_amend
from migrations_app.requests import emergency_start
from migrations_app.requests import start as request_start
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows import reach, schedule
from migrations_app.requests.windows.actions import Wish
from migrations_app.requests.windows.calendar import conflicts as calendar_conflicts
from tests import factories
from tests.api.conftest import Person
from tests.cast import Cast
from tests.stage import Stage
from tests.web.conftest import browser_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
WHAT_TO_DO = (
    "Edit the request and choose a target outside of the freeze, or wait until it is"
    " over."
)


def wish(
    stage: Stage, begin: timedelta = -HOUR, end: timedelta = HOUR, **more: Any
) -> Wish:
    """Return a freeze, from and to so long after now."""
    first, last = (
        (stage.time + span).replace(tzinfo=None, second=0, microsecond=0)
        for span in (begin, end)
    )
    return Wish("Year's end", "freeze", first, last, "Nobody is here.", "UTC", **more)


def freeze(stage: Stage, cast: Cast, *span: timedelta, **more: Any) -> Any:
    return window_actions.create(wish(stage, *span, **more), by=cast.operator)


def started(stage: Stage, request: MigrationRequest) -> MigrationRequest:
    """Start what is due now, and return the request as it is then."""
    request_start.start_due(stage.time)
    request.refresh_from_db()
    return request


@pytest.fixture(autouse=True)
def inventory(stage: Stage, db: None) -> None:
    """Two hosts in OS1, as on the stage, one in OS2, and a disabled one in OS3."""
    factories.hypervisor(stage.source, zone="OS1")
    factories.hypervisor(stage.target, zone="OS1")
    factories.hypervisor("compute-35", zone="OS2")
    factories.hypervisor(
        "compute-36", zone="OS3", enabled=False, disabled_reason="It is broken."
    )
    elsewhere = factories.cloud("other")
    factories.hypervisor("compute-90", cloud=elsewhere, zone="OS9")


@pytest.mark.parametrize(
    ("scope", "may_be"),
    [
        ({"zones": ("OS2",)}, "compute-35"),
        ({"hosts": ("compute-34",)}, "compute-34"),
        ({"hosts": ("compute-34", "compute-35")}, "compute-34, compute-35"),
        ({"clouds": ("pretend",), "zones": ("OS2",)}, "compute-35"),
        # what the inventory does not know may be a host that is new
        ({"hosts": ("compute-99",)}, "compute-99 (not in the inventory)"),
        ({"zones": ("OS7",)}, "a host of zone OS7 (not in the inventory)"),
    ],
)
def test_it_waits_while_it_may_land_in_a_freeze(
    stage: Stage, cast: Cast, scope: dict[str, Any], may_be: str
) -> None:
    request = cast.approved(stage, target=None)
    row = freeze(stage, cast, **scope)

    assert started(stage, request).state == RequestState.APPROVED

    over = calendar_conflicts.utc(row.over_at)
    assert request.why == (
        "It cannot start yet and is tried again: There is a freeze, “Year's end”, until"
        f" {over}, and the scheduler may choose a target that it is for: {may_be}. Why:"
        f" Nobody is here. {WHAT_TO_DO}"
    )
    assert request.look_again_at == stage.time + timedelta(minutes=1)
    assert not Run.objects.exists()

    stage.later(hours=1)
    assert started(stage, request).state == RequestState.RUNNING


@pytest.mark.parametrize(
    "scope",
    [
        {"zones": ("OS3",)},  # nothing is put on a disabled host
        {"hosts": ("compute-36",)},
        {"zones": ("OS1",), "hosts": ("compute-35",)},
        {"clouds": ("other",)},
        {"hosts": ("compute-90",)},  # known, of another cloud
        {"zones": ("OS9",)},
    ],
)
def test_a_freeze_of_where_it_cannot_land_holds_nothing(
    stage: Stage, cast: Cast, settings: Any, scope: dict[str, Any]
) -> None:
    settings.NOVAWEB_CLOUDS = [*settings.NOVAWEB_CLOUDS, "other"]
    request = cast.approved(stage, target=None)
    freeze(stage, cast, **scope)
    assert started(stage, request).state == RequestState.RUNNING


def test_a_freeze_of_its_source_is_told_as_for_any_move(
    stage: Stage, cast: Cast
) -> None:
    request = cast.approved(stage, target=None)
    freeze(stage, cast, hosts=(stage.source, stage.target))
    assert started(stage, request).why.endswith("UTC. Why: Nobody is here.")


@pytest.mark.parametrize(
    "changed",
    [
        {"zone": ""},  # it may be in any
        # a move has it disabled for some seconds
        {
            "zone": "OS2",
            "enabled": False,
            "disabled_reason": "novaweb:0123abcd was enabled; for some seconds",
        },
    ],
)
def test_what_is_not_known_for_certain_may_be(
    stage: Stage, cast: Cast, changed: dict[str, Any]
) -> None:
    Hypervisor.objects.filter(host="compute-35").update(**changed)
    request = cast.approved(stage, target=None)
    freeze(stage, cast, zones=("OS2",))
    assert "compute-35" in started(stage, request).why


def test_in_a_cloud_that_was_never_read_any_freeze_of_hosts_may_be_for_it(
    stage: Stage, cast: Cast
) -> None:
    request = cast.approved(stage, target=None)
    Hypervisor.objects.filter(cloud=request.cloud).delete()
    freeze(stage, cast, hosts=("compute-90",))
    assert "compute-90 (not in the inventory)" in started(stage, request).why


def test_it_starts_once_somebody_has_chosen_a_target_outside_of_the_freeze(
    stage: Stage, cast: Cast
) -> None:
    request = cast.approved(stage, target=None)
    freeze(stage, cast, zones=("OS2",))
    started(stage, request)
    request_amend.amend(
        request.pk,
        by=cast.operator,
        plan_digest=request.plan_digest,
        note="So.",
        changes={"target": stage.target},
    )
    cast.approve(request)
    assert started(stage, request).state == RequestState.RUNNING


def test_it_does_not_expire_while_somebody_may_choose_a_target_for_it(
    stage: Stage, cast: Cast
) -> None:
    window = {"window_start": stage.time, "window_end": stage.time + 2 * HOUR}
    request = cast.approved(stage, target=None, **window)
    row = freeze(stage, cast, -HOUR, 3 * HOUR, zones=("OS2",))
    assert started(stage, request).state == RequestState.APPROVED
    found = schedule.conflicts_of(request)
    assert "Choose another window, or a target." in found[0].sentence
    window_actions.retire(row.pk, by=cast.operator, note="No more.")
    freeze(stage, cast, -HOUR, 3 * HOUR, zones=("OS1",))
    stage.later(minutes=1)
    assert started(stage, request).state == RequestState.EXPIRED


def test_an_emergency_start_waits_for_no_freeze(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage, target=None)
    freeze(stage, cast, zones=("OS2",))
    emergency_start.start(
        request.pk, by=cast.operator, plan_digest=request.plan_digest, reason="Fire."
    )
    assert started(stage, request).state == RequestState.RUNNING


def test_who_approves_sees_before_that_it_would_be_held(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage, target=None)
    row = freeze(stage, cast, zones=("OS2",))
    held = (
        "It would be held, since the scheduler may choose a target that it is for:"
        " compute-35. Choose a target outside of the freeze, or another time."
    )
    (told,) = Person(cast.approver).get(f"requests/{request.pk}/").json["conflicts"]
    assert (told["kind"], told["window"]) == ("freeze", row.pk)
    assert told["sentence"].endswith(held)
    page = browser_of("anna", "approver").get(f"/requests/{request.pk}/")
    assert held in page.content.decode()


def test_its_page_and_the_api_tell_why_it_is_held(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage, target=None)
    freeze(stage, cast, zones=("OS2",))
    started(stage, request)
    said = Person(cast.requester).get(f"requests/{request.pk}/").json["why"]
    assert WHAT_TO_DO in said
    page = browser_of("anna", "approver").get(f"/requests/{request.pk}/")
    assert WHAT_TO_DO in page.content.decode()


def test_who_ends_such_a_freeze_has_a_hand_in_it(stage: Stage, cast: Cast) -> None:
    row = freeze(stage, cast, zones=("OS2",))
    request = cast.ask(stage, target=None)
    cast.approve(request)
    window_actions.retire(row.pk, by=cast.approver, note="No more.")
    assert started(stage, request).state == RequestState.REQUESTED
    assert "approver retired the freeze" in request.why
    assert cast.approve(request, by=cast.second).state == RequestState.APPROVED


def test_a_window_over_where_it_may_land_is_nobodys_hand(
    stage: Stage, cast: Cast
) -> None:
    factories.policy("Outside", stages=[(1, "approver")], window="outside")
    request = cast.ask(stage, target=None)
    made = wish(stage, zones=("OS2",))
    values = {name: getattr(made, name) for name in made.__dataclass_fields__}
    window_actions.create(Wish(**{**values, "kind": "maintenance"}), by=cast.approver)
    assert cast.approve(request).state == RequestState.APPROVED


def test_a_freeze_counts_the_requests_that_may_land_in_it(
    stage: Stage, cast: Cast
) -> None:
    cast.ask(stage, target=None)
    row = freeze(stage, cast, zones=("OS2",))
    assert reach.matches(row).open_requests == 1
    Hypervisor.objects.filter(host="compute-35").update(enabled=False)
    assert reach.matches(row).open_requests == 0


def test_to_look_takes_as_many_queries_however_many_hosts_and_freezes(
    stage: Stage, cast: Cast, django_assert_num_queries: Any
) -> None:
    request = cast.approved(stage, target=None)
    freeze(stage, cast, zones=("OS2",))
    with django_assert_num_queries(2):
        schedule.start_block(request, stage.time)
    for number in range(40):
        factories.hypervisor(f"more-{number}", zone="OS2")
        freeze(stage, cast, hosts=(f"more-{number}",))
    with django_assert_num_queries(2):
        schedule.start_block(request, stage.time)

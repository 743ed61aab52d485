"""A start seconds after the approval: what has changed since is found out."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from migrations_app.models import MigrationRequest, Run
from migrations_app.models.states import RequestState
from migrations_app.procedures import registry
from migrations_app.requests import emergency_start
from migrations_app.requests import start as request_start
from migrations_app.requests.recent_check import FRESH
from pretend import PretendCloud
from tests.cast import Cast, last_entry
from tests.stage import Stage

pytestmark = pytest.mark.django_db
# What a start asks that goes by the check of the approval: nothing else, each once.
QUICK = {"server": 1, "service": 2, "migrations": 1}
MOMENT = timedelta(milliseconds=1)


def asked(stage: Stage) -> Counter[str]:
    """Start what is due, and return what the cloud was asked meanwhile."""
    stage.cloud.calls.clear()
    request_start.start_due(stage.time)
    found: Counter[str] = Counter()
    for (call, _), times in stage.cloud.calls.items():
        found[call] += times
    return found


def is_whole(questions: Counter[str]) -> bool:
    """Tell whether these are the questions of a whole pre-flight."""
    return questions["hypervisors"] == questions["ports"] == questions["fits"] == 1


@pytest.mark.parametrize("procedure", ["live", "cold"])
def test_nothing_that_was_asked_seconds_ago_is_asked_again(
    stage: Stage, cast: Cast, procedure: str
) -> None:
    request = cast.approved(stage, procedure=procedure)
    approved = stage.time
    stage.time += FRESH - MOMENT
    assert asked(stage) == QUICK
    run = Run.objects.get(request=request)
    assert run.findings == request.findings
    assert "since the checks of its approval" in run.lines.get().text
    entry = last_entry("run.started")
    assert entry.after["checked_at"] == approved.isoformat()
    assert entry.after["digest"] == request.plan_digest
    request.refresh_from_db()
    assert request.checked == {}


def test_an_emergency_start_goes_by_its_own_check(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    said = {"plan_digest": request.plan_digest, "reason": "The host is on fire."}
    emergency_start.start(request.pk, by=cast.operator, **said)
    assert asked(stage) == QUICK
    assert Run.objects.filter(request=request).exists()


def test_all_is_asked_at_the_same_time(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.approved(stage)
    together = threading.Barrier(sum(QUICK.values()), timeout=60)
    real = PretendCloud._call

    @contextmanager
    def call(self: PretendCloud, name: str, subject: str = "") -> Iterator[None]:
        together.wait()
        with real(self, name, subject):
            yield

    monkeypatch.setattr(PretendCloud, "_call", call)
    stage.cloud.at_once = 8
    assert request_start.start_due(stage.time) == 1


@pytest.mark.parametrize("since", [FRESH, timedelta(hours=1), -MOMENT])
def test_an_older_one_is_made_again(stage: Stage, cast: Cast, since: timedelta) -> None:
    request = cast.approved(stage)
    MigrationRequest.objects.update(look_again_at=stage.time - timedelta(minutes=1))
    stage.time += since
    assert is_whole(asked(stage))
    assert Run.objects.get(request=request).lines.get().text == (
        "The plan is as approved; the run begins."
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"procedure": "manual"},
        {"procedure": "cold_by_disabling"},
        {"procedure": "live", "target": None},
    ],
)
def test_only_where_nova_does_all_and_the_target_is_chosen(
    stage: Stage, cast: Cast, fields: dict[str, Any]
) -> None:
    stage.cloud.add_host("compute-35", zone="OS1")
    request = cast.approved(stage, **fields)
    if request.state == RequestState.REQUESTED:  # its policy wants two
        request = cast.approve(request, by=cast.second)
    assert request.state == RequestState.APPROVED
    assert asked(stage)["hypervisors"] == 1


CHANGES: dict[str, Callable[[Stage], None]] = {
    "locked": lambda it: it.cloud.edit(it.server, locked=True),
    "busy": lambda it: it.cloud.edit(it.server, task_state="image_snapshot"),
    "stopped": lambda it: it.cloud.edit(it.server, vm_state="stopped", power_state=4),
    "paused": lambda it: it.cloud.edit(it.server, power_state=3),
    "renamed": lambda it: it.cloud.edit(it.server, name="other"),
    "target down": lambda it: it.cloud.edit_host(it.target, up=False),
    "target disabled": lambda it: it.cloud.edit_host(it.target, enabled=False),
    "target forced down": lambda it: it.cloud.edit_host(it.target, forced_down=True),
    "source down": lambda it: it.cloud.edit_host(it.source, up=False),
    "source disabled": lambda it: it.cloud.edit_host(it.source, enabled=False),
    "moved by somebody": lambda it: it.cloud.live_migrate(
        it.server, host=it.target, block="auto"
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_has_changed_all_is_asked_again(
    stage: Stage, cast: Cast, change: str
) -> None:
    cast.approved(stage)
    CHANGES[change](stage)
    assert is_whole(asked(stage))


def test_somebody_who_moved_it_and_back_is_noticed(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    checked = request.checked
    stage.cloud.live_migrate(stage.server, host=stage.target, block="auto")
    stage.later(minutes=5)
    stage.cloud.live_migrate(stage.server, host=stage.source, block="auto")
    stage.later(minutes=5)
    assert stage.host == stage.source
    checked["at"] = stage.time.isoformat()
    MigrationRequest.objects.update(checked=checked)
    assert is_whole(asked(stage))


def test_when_a_service_was_last_heard_is_no_change(stage: Stage, cast: Cast) -> None:
    cast.approved(stage)
    stage.later(seconds=5)
    for host in (stage.source, stage.target):
        stage.cloud.edit_host(host, updated_at=stage.time.timestamp())
    assert asked(stage) == QUICK


@pytest.mark.parametrize(
    "fields",
    [
        {"facts": {"local": False}},
        {"target": "compute-35"},
        {"options": {"block_migration": False}},
        {"token": "00000000"},
        {"edition": 7},
    ],
)
def test_inputs_that_are_not_those_of_the_digest_are_found_out(
    stage: Stage, cast: Cast, fields: dict[str, Any]
) -> None:
    stage.cloud.add_host("compute-35", zone="OS1")
    cast.approved(stage)
    MigrationRequest.objects.update(**fields)
    assert asked(stage)["hypervisors"] == 1


def test_findings_that_nobody_approved_are_found_out(stage: Stage, cast: Cast) -> None:
    checked = cast.approved(stage).checked
    forged = {"rule": "x", "severity": "warns", "sentence": "X."}
    checked["findings"] = [*checked["findings"], forged]
    MigrationRequest.objects.update(checked=checked)
    assert is_whole(asked(stage))


def test_a_plan_that_the_code_makes_no_more_is_found_out(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = cast.approved(stage)
    real = registry.plan
    monkeypatch.setattr(registry, "plan", lambda name, move: real(name, move)[1:])
    assert is_whole(asked(stage))
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED


def test_a_plan_that_was_replaced_keeps_no_check(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    assert request.checked["digest"] == request.plan_digest
    stage.cloud.edit(stage.server, locked=True)
    request_start.start_due(stage.time)
    request.refresh_from_db()
    assert (request.state, request.checked) == (RequestState.REQUESTED, {})

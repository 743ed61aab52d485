"""In each lane one item raises what nobody expects, and the others are served."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from migrations_app.errors import Unreachable
from migrations_app.inventory.copy_speeds import measure as copy_speed_measure
from migrations_app.models import CopySpeed, FailedItem, LaneOf
from migrations_app.requests import start as request_start
from migrations_app.runs.engine import lease_heartbeat
from tests import factories
from tests.management.bad_items import (
    ERRORS,
    LANES,
    NOW,
    OLD,
    Fault,
    enabling,
    expiry,
)

pytestmark = pytest.mark.django_db


# One of Python's, one of the database's in each lane; the others in one, for all.
CASES = [(name, error) for name in LANES for error in (ERRORS[0], ERRORS[3])]
CASES += [(LaneOf.EXPIRY, error) for error in (ERRORS[1], ERRORS[2], ERRORS[4])]


@pytest.mark.parametrize(
    "name, error",
    CASES,
    ids=lambda it: it if isinstance(it, str) else type(it).__name__,
)
def test_one_that_raises_is_noted_and_the_next_one_is_served(
    name: LaneOf, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = Fault(error)
    serve = LANES[name](fault, monkeypatch)
    serve(NOW)

    assert fault.served
    assert fault.bad not in fault.served
    (failed,) = FailedItem.objects.filter(lane=name)
    assert failed.sentence.startswith("novaweb met an internal error")
    assert type(error).__name__ in failed.sentence

    fault.on = False
    serve(NOW + timedelta(days=2))
    assert fault.bad in fault.served
    assert not FailedItem.objects.filter(lane=name).exists()


# Those that are read, by tests/inventory/test_odd_items.py.
READ = {LaneOf.HYPERVISORS, LaneOf.INSTANCES, LaneOf.MIGRATIONS}


def test_no_lane_is_forgotten() -> None:
    assert set(LANES) | READ == set(LaneOf)


def test_one_that_fails_again_and_again_rests_longer_and_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault = Fault(KeyError("x"))
    serve = expiry(fault, monkeypatch)
    at, tries = NOW, 0
    for _ in range(600):
        serve(at)
        tries = FailedItem.objects.get().times
        at += timedelta(seconds=1)
    # at once, and 5, 10, 20, 40, 80 and 160 s after each other
    assert tries == 7
    assert request_start.due_since(at) is None


def test_a_measurement_that_raises_ends_and_its_cloud_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = factories.cloud()
    asked = {"cloud": cloud, "asked_at": OLD, "asked_by_name": "otto"}
    for number, target in enumerate(("bad", "good")):
        CopySpeed.objects.create(
            source="a",
            target=target,
            token=target,
            look_again_at=OLD + timedelta(seconds=number),
            **asked,
        )
    fault = Fault(KeyError("x"), bad="bad")
    monkeypatch.setattr(copy_speed_measure, "_hosts", lambda row: fault.at(row.target))
    monkeypatch.setattr(copy_speed_measure, "_look", lambda row, hosts, now: None)
    copy_speed_measure.measure_due(NOW)
    assert fault.served == ["good"]
    assert "internal error (KeyError)" in CopySpeed.objects.get(target="bad").trouble


def test_what_cannot_be_noted_is_raised_since_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault = Fault(IntegrityError("x"))
    serve = expiry(fault, monkeypatch)

    def away(*_: object, **__: object) -> None:
        raise IntegrityError("the database is away")

    monkeypatch.setattr(FailedItem.objects, "get_or_create", away)
    with pytest.raises(IntegrityError, match="x"):
        serve(NOW)


def test_a_sentence_of_ours_is_kept_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = Fault(Unreachable("Cloud bad does not answer."))
    enabling(fault, monkeypatch)(NOW)
    assert FailedItem.objects.get().sentence == "Cloud bad does not answer."


def test_a_lease_that_cannot_be_renewed_lets_the_others_live() -> None:
    renewed: list[str] = []

    class Held:
        def __init__(self, name: str, error: Exception | None = None) -> None:
            self.name, self.error = name, error

        def renew(self) -> None:
            if self.error is not None:
                raise self.error
            renewed.append(self.name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lease_heartbeat, "close_old_connections", lambda: None)
        held: list[Any] = [Held("bad", KeyError("x")), Held("good")]
        lease_heartbeat._renew(held)
    assert renewed == ["good"]


def test_what_failed_is_on_the_home_page_and_in_the_metrics(
    client: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NOVAWEB_METRICS_TOKEN = "token"
    enabling(Fault(KeyError("x")), monkeypatch)(NOW)
    client.force_login(factories.person("olga", "operator"))
    page = client.get("/").content.decode()
    assert "bad, of runs" in page
    assert "(hosts to enable)" in page
    assert "1 time since" in page
    answer = client.get("/metrics", headers={"Authorization": "Bearer token"})
    assert 'novaweb_failed_items{lane="enabling"} 1.0' in answer.content.decode()

"""Copy speeds on the pages: what was measured, and having it measured."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from migrations_app.integrations import connect
from migrations_app.integrations.interfaces import World
from migrations_app.models import CopySpeed
from tests import factories, measurements
from tests.stage import Stage

HTMX = {"HX-Request": "true"}
PAIR = "cloud=pretend&source=compute-30&target=compute-34"


@pytest.fixture
def ways_in(stage: Stage, db: None) -> Stage:
    """The stage, with its hosts in the inventory."""
    for host in (stage.source, stage.target):
        factories.hypervisor(host)
    return stage


def measured(**fields: object) -> CopySpeed:
    return measurements.copy_speed(
        "compute-30", "compute-34", of=factories.cloud(), **fields
    )


def text(client: Client, address: str, **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_of_a_hypervisor_shows_what_was_measured_from_it(
    ways_in: Stage, operator: Client, requester: Client
) -> None:
    measured()

    seen = text(operator, "/hypervisors/compute-30/")
    assert "940 Mbit/s" in seen
    assert '<option value="compute-34">' in seen
    assert "Measure again" in seen

    assert "Measure again" not in text(requester, "/hypervisors/compute-30/")


def test_an_operator_asks_and_sees_that_it_is_under_way(
    ways_in: Stage, operator: Client
) -> None:
    answer = operator.post(f"/speeds/measure/?{PAIR}", headers=HTMX)

    said = answer.content.decode()
    assert "is queued for measurement" in said
    assert 'hx-trigger="every 2s"' in said
    row = CopySpeed.objects.get()
    assert (row.source, row.target, row.asked_by_name) == (
        "compute-30",
        "compute-34",
        "otto",
    )

    # a second press, perhaps by somebody else, is no trouble
    again = operator.post(f"/speeds/measure/?{PAIR}", headers=HTMX)
    assert "is queued for measurement" in again.content.decode()
    assert CopySpeed.objects.count() == 1

    CopySpeed.objects.update(begun_at=timezone.now())
    assert "Measuring compute-30" in text(operator, f"/speeds/?{PAIR}", **HTMX)
    CopySpeed.objects.update(at=timezone.now(), mbit=9400, latest=True)
    after = text(operator, f"/speeds/?{PAIR}", **HTMX)
    assert "9.4 Gbit/s" in after
    assert "hx-trigger" not in after


def test_without_script_the_form_leads_to_the_page_of_the_pair(
    ways_in: Stage, operator: Client
) -> None:
    form = {"cloud": "pretend", "source": "compute-30", "target": "compute-34"}

    answer = operator.post("/speeds/measure/", form)

    assert answer.status_code == 302
    assert answer["Location"] == f"/speeds/?{PAIR}"
    assert "is queued for measurement" in text(operator, answer["Location"])


def test_the_page_of_a_pair_shows_every_measurement_and_why_one_failed(
    ways_in: Stage, auditor: Client
) -> None:
    measured()
    measured(trouble="The copy <failed>.")

    seen = text(auditor, f"/speeds/?{PAIR}")

    assert "940 Mbit/s" in seen
    assert "The copy &lt;failed&gt;." in seen
    assert "/speeds/measure/" not in seen


def test_it_says_when_the_hosts_may_not_be_entered(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, operator: Client
) -> None:
    monkeypatch.setattr(connect, "world_of", lambda name: World(stage.cloud))
    factories.hypervisor("compute-30")

    assert "set NOVAWEB_SSH" in text(operator, "/hypervisors/compute-30/")


def test_a_name_that_no_host_can_have_is_refused(
    ways_in: Stage, operator: Client
) -> None:
    for source in ("%01", "nowhere", "x" * 3000):
        answer = operator.post(f"/speeds/measure/?source={source}&target=compute-34")
        assert answer.status_code == 422, source


def test_a_request_says_what_its_estimate_was_made_with(
    ways_in: Stage, requester: Client
) -> None:
    at = timezone.now() - timedelta(days=3, hours=1)
    speed = {
        "mbit": 940,
        "measured_at": at.isoformat(),
        "source": "compute-30",
        "target": "compute-31",
    }
    estimate = {"words": "Takes 5 s.", "speed": speed}
    known = factories.request(estimate=estimate)
    speed = {"mbit": 1000, "measured_at": None, "source": None, "target": None}
    assumed = factories.request(estimate={"words": "Takes 5 s.", "speed": speed})
    old = factories.request(estimate={"words": "Takes 5 s."})

    measured_words = "Measured 3 days ago: 940 Mbit/s from compute-30 to compute-31."
    assert measured_words in text(requester, f"/requests/{known.pk}/")
    assert "Assumed: 1 Gbit/s" in text(requester, f"/requests/{assumed.pk}/")
    assert "Takes 5 s." in text(requester, f"/requests/{old.pk}/")

"""What is there to do when a drain is over, and what it leaves for an auditor."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from migrations_app.drains.audit_entries import tell
from migrations_app.models import Drain, Hypervisor, MigrationRequest
from tests import factories
from tests.factories import drain
from tests.stage import Stage

pytestmark = pytest.mark.django_db
STAYS = {"instance": "x", "name": "web-09", "host": "a", "sentence": "No."}


@pytest.fixture(autouse=True)
def hosts(db: None) -> None:
    for name in ("compute-30", "compute-31"):
        factories.hypervisor(name)


def move(of: Drain, name: str, **fields: Any) -> MigrationRequest:
    instance = factories.instance(name, cloud=of.cloud)
    return factories.request(of=instance, drain=of, place=1, **fields)


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content.decode()[-2000:]
    return answer.content.decode()


def disabled_by_drain(state: str, **fields: Any) -> Drain:
    """Return a drain that has disabled compute-30, which is disabled still."""
    Hypervisor.objects.filter(host="compute-30").update(enabled=False)
    services = [
        {"host": "compute-30", "was_enabled": True, "disabled_at": "2026-01-01"}
    ]
    return drain(state, services=services, **fields)


def test_what_stays_counts_among_the_instances(auditor: Client) -> None:
    row = drain("incomplete", stays=[STAYS])
    move(row, "web-01", state="completed")

    assert "<strong>1 of 2</strong>" in text(auditor, f"/drains/{row.pk}/")
    assert "1 of 2" in text(auditor, "/drains/")


def test_a_host_that_it_left_disabled_is_enabled_from_its_page(
    stage: Stage, operator: Client
) -> None:
    row = disabled_by_drain("completed")
    service = stage.cloud.service("compute-30")
    stage.cloud.set_service(service.id, enabled=False, reason="drained")
    assert "Enable compute-30 again…" in text(operator, f"/drains/{row.pk}/")

    refused = operator.post(f"/drains/{row.pk}/enable/", {"host": "compute-30"})
    assert refused.status_code == 422
    given = {"host": "compute-30", "note": "Its memory is in."}
    done = operator.post(f"/drains/{row.pk}/enable/", given, follow=True)

    assert "nova-compute on compute-30 is enabled." in done.content.decode()
    assert "Enable compute-30 again…" not in done.content.decode()
    assert "enabled since" in done.content.decode()
    assert stage.cloud.service("compute-30").enabled


def test_it_enables_no_host_of_another_drain(stage: Stage, operator: Client) -> None:
    row = disabled_by_drain("completed")

    given = {"host": "compute-31", "note": "By mistake."}
    answer = operator.post(f"/drains/{row.pk}/enable/", given)

    assert answer.status_code == 422
    assert "did not empty that host" in answer.content.decode()


def test_the_page_of_a_host_enables_it_too(
    stage: Stage, operator: Client, auditor: Client
) -> None:
    service = stage.cloud.service("compute-30")
    stage.cloud.set_service(service.id, enabled=False, reason="drained")
    Hypervisor.objects.filter(host="compute-30").update(enabled=False)
    assert "again…" not in text(auditor, "/hypervisors/compute-30/")
    assert "Enable compute-30 again…" in text(operator, "/hypervisors/compute-30/")

    empty = operator.post("/hypervisors/compute-30/enable/", {"note": ""})
    assert empty.status_code == 422
    assert "Give a reason to enable it" in empty.content.decode()
    given = {"note": "Its memory is in.", "cloud": "pretend"}
    done = operator.post("/hypervisors/compute-30/enable/", given, follow=True)

    assert "nova-compute on compute-30 is enabled." in done.content.decode()
    assert stage.cloud.service("compute-30").enabled


def test_what_stayed_is_asked_for_again_with_what_was_typed(operator: Client) -> None:
    row = drain("incomplete", targets=["compute-31"], stop_after=7)
    link = f"/drains/ask/?again={row.pk}"
    assert link in text(operator, f"/drains/{row.pk}/")

    form = operator.get(link).context["form"]

    assert form["hosts"].value() == "compute-30"
    assert form["targets"].value() == "compute-31"
    assert form["reason"].value() == row.reason
    assert (form["stop_after"].value(), form["per_source"].value()) == (7, 2)
    assert "?again=" not in text(operator, f"/drains/{drain('completed').pk}/")


def test_its_evidence_has_moves_decisions_and_entries(auditor: Client) -> None:
    row = drain("completed", stays=[STAYS])
    one = move(row, "web-01", state="completed")
    tell("drain.started", row)

    said = text(auditor, f"/drains/{row.pk}/evidence/")

    assert f"/requests/{one.pk}/evidence/" in said
    assert "1 of 2 moved, 1 not moved" in said
    assert "web-09 on a: No." in said
    assert f"The drain {row.pk} of compute-30 started" in said
    assert f"aude opened the evidence of the drain {row.pk}" in said
    assert f"/drains/{row.pk}/evidence/" in text(auditor, f"/drains/{row.pk}/")

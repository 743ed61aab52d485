"""The page of Nova's services, and the page on which one is changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from migrations_app.models import AuditEntry
from tests import factories
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def text(client: Client, address: str, *, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def one(stage: Stage, host: str) -> str:
    return f"/services/{stage.cloud.service(host).id}/"


def disabled(stage: Stage, host: str, reason: str = "New <memory>") -> None:
    service = stage.cloud.service(host)
    stage.cloud.set_service(service.id, enabled=False, reason=reason)


def test_it_lists_every_service_as_nova_tells_it(
    stage: Stage, operator: Client
) -> None:
    disabled(stage, "compute-34")
    stage.cloud.edit_host("compute-30", forced_down=True)
    page = text(operator, "/services/")
    for word in ("nova-conductor", "nova-scheduler", "nova-compute", "internal", "OS1"):
        assert word in page
    assert "New &lt;memory&gt;" in page
    assert "forced down" in page
    assert 'aria-label="Enable compute on compute-34"' in page
    assert 'aria-label="Disable compute on compute-30"' in page


@pytest.mark.parametrize(
    "query, rows",
    [
        ("binary=nova-compute", ["compute-30", "compute-34"]),
        ("status=disabled", ["compute-34"]),
        ("state=down", ["compute-30"]),
        ("q=34", ["compute-34"]),
        ("q=os1", ["compute-30", "compute-34"]),
        ("q=nothing", []),
        ("binary=nova-compute&sort=-host", ["compute-34", "compute-30"]),
        ("binary=nova-compute&sort=enabled", ["compute-34", "compute-30"]),
    ],
)
def test_it_narrows_and_sorts(
    stage: Stage, auditor: Client, query: str, rows: list[str]
) -> None:
    disabled(stage, "compute-34")
    stage.cloud.edit_host("compute-30", up=False)
    response = auditor.get(f"/services/?{query}")
    found = [row.record.host for row in response.context["table"].paginated_rows]
    assert found == rows


def test_who_may_not_change_it_is_not_offered_to(
    stage: Stage, requester: Client
) -> None:
    assert "Disable…" not in text(requester, "/services/")
    page = text(requester, one(stage, "compute-30"))
    assert "need the role operator" in page
    assert "<textarea" not in page


def test_a_cloud_that_does_not_answer_says_so(stage: Stage, operator: Client) -> None:
    stage.cloud.down()
    page = text(operator, "/services/", status=503)
    assert page.count("Cloud pretend does not answer") == 1
    assert "<h1" in page
    assert "No service matches" not in page
    assert "The services are not known" in page


def test_the_frame_alone_says_why_something_was_not_done() -> None:
    folder = Path(settings.BASE_DIR) / "templates"
    said = re.compile(r"\{\{ trouble\b")
    assert [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.html")
        if said.search(path.read_text("utf-8"))
    ] == ["base.html"]


def test_it_says_what_disabling_means_and_does_it(
    stage: Stage, operator: Client
) -> None:
    address = one(stage, "compute-34")
    page = text(operator, address)
    assert "Its instances keep running" in page
    assert "No instance can be started" in page

    response = operator.post(f"{address}disable/", {"note": "New memory"}, follow=True)
    page = response.content.decode()
    assert "nova-compute on compute-34 is disabled." in page
    assert "New memory (otto via novaweb)" in page
    assert not stage.cloud.service("compute-34").enabled

    response = operator.post(f"{address}enable/", {"note": "It is in"}, follow=True)
    assert "nova-compute on compute-34 is enabled." in response.content.decode()
    assert stage.cloud.service("compute-34").enabled
    kept = AuditEntry.objects.filter(verb__startswith="service.").order_by("id")
    verbs = kept.values_list("verb", flat=True)
    assert list(verbs) == ["service.disabled", "service.enabled"]


def test_what_was_typed_is_not_lost(stage: Stage, operator: Client) -> None:
    address = f"{one(stage, 'compute-34')}disable/"
    response = operator.post(address, {"note": "AUTO: <b>"})
    assert response.status_code == 422
    page = response.content.decode()
    assert "must not begin with" in page
    assert "AUTO: &lt;b&gt;</textarea>" in page


def test_what_libvirt_disabled_is_explained(stage: Stage, operator: Client) -> None:
    disabled(stage, "compute-34", "AUTO: Connection to libvirt lost: 1")
    page = text(operator, one(stage, "compute-34"))
    assert "look at libvirt there" in page
    assert "<textarea" not in page


def test_a_hypervisors_page_leads_to_its_service(
    stage: Stage, operator: Client
) -> None:
    factories.hypervisor("compute-34")
    page = text(operator, "/hypervisors/compute-34/")
    assert 'href="/services/?q=compute-34&amp;cloud=pretend"' in page

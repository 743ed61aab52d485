"""The what-if page and its door of the API: what moves would change, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from migrations_app.drains import what_if
from migrations_app.integrations.interfaces import DISK_GB, MEMORY_MB, VCPU
from migrations_app.models import Cloud, Hypervisor, Instance, ServerGroup
from tests import factories
from tests.api.conftest import Person

pytestmark = pytest.mark.django_db
WANTS = {VCPU: 2, MEMORY_MB: 4096, DISK_GB: 20}


def stock(used: int, *, total: int = 16) -> dict[str, dict[str, Any]]:
    """Return a stock of which ``used`` in ``total`` parts of each class are taken."""
    parts = {VCPU: 1, MEMORY_MB: 2048, DISK_GB: 10}
    return {
        name: {
            "total": total * part,
            "reserved": 0,
            "ratio": 1.0,
            "used": used * part,
            "max_unit": total * part,
        }
        for name, part in parts.items()
    }


@pytest.fixture
def cloud(db: None) -> Cloud:
    return factories.cloud()


Host = Callable[..., Hypervisor]


@pytest.fixture
def host(cloud: Cloud) -> Host:
    def make(name: str, *, used: int = 0, total: int = 16, **fields: Any) -> Hypervisor:
        return factories.hypervisor(
            name, cloud=cloud, stock=stock(used, total=total), **fields
        )

    return make


def guest(name: str, *, on: Hypervisor, **fields: Any) -> Instance:
    return factories.instance(
        name, cloud=on.cloud, host=on.host, zone=on.zone, resources=WANTS, **fields
    )


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[-2000:]
    return answer.content.decode()


def test_it_asks_first_what_is_to_be_moved(auditor: Client) -> None:
    said = text(auditor, "/what-if/")

    assert "Hosts to empty" in said
    assert "Planned moves, in order" not in said


def test_an_emptied_host_is_shown_before_and_after(
    operator: Client, host: Host
) -> None:
    source, _ = host("compute-30", used=4), host("compute-31", used=2)
    guest("web-01", on=source)
    guest("web-02", on=source)

    said = text(operator, "/what-if/?host=compute-30")

    assert "2 instances would move, to 1 host" in said
    assert "VCPUs: 4 before, 4 at its peak, 0 after, of 16" in said
    assert "VCPUs: 2 before, 6 at its peak, 6 after, of 16" in said
    assert "No limit is crossed and no rule is broken." in said


def test_a_page_of_many_comes_at_once_and_fetches_the_effect(
    operator: Client, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if, "FEW", 3)
    source, _ = host("compute-30", used=4), host("compute-31", used=2)
    guest("web-01", on=source)
    guest("web-02", on=source)

    said = text(operator, "/what-if/?host=compute-30")

    assert "Searching targets for 2 instances" in said
    assert "2 instances would move" not in said
    later = unescape(re.findall(r'hx-get="(/what-if/[^"]*)"', said)[0])
    assert "2 instances would move, to 1 host" in text(operator, later)


@pytest.mark.parametrize("page", ["/instances/", "/hypervisors/compute-30/"])
def test_instances_are_ticked_in_a_list(
    operator: Client, host: Host, page: str
) -> None:
    source = host("compute-30", used=4)
    one = guest("web-01", on=source)

    said = text(operator, page)

    assert '<form id="picks" action="/what-if/"' in said
    assert f'name="instance" value="{one.uuid}" form="picks"' in said


def test_what_cannot_move_is_named_with_the_way_out(
    operator: Client, host: Host
) -> None:
    source, _ = host("compute-30", used=2), host("compute-31")
    guest("web-01", on=source, status="ERROR")

    said = text(operator, "/what-if/?host=compute-30")

    assert "Nothing can be moved." in said
    assert "Instances that cannot be moved" in said
    assert "finding-remedy" in said


def test_a_target_that_has_no_room_is_over_its_limit(
    operator: Client, host: Host
) -> None:
    source, full = host("compute-30", used=2), host("compute-31", used=15)
    one = guest("web-01", on=source)

    said = text(operator, f"/what-if/?instance={one.uuid}&to-{one.uuid}={full.host}")

    assert "would be broken:" in said
    assert "1 over the limit" in said


def test_a_broken_group_is_told(operator: Client, host: Host, cloud: Cloud) -> None:
    source, target = host("compute-30", used=2), host("compute-31", used=2)
    ServerGroup.objects.create(
        cloud=cloud,
        uuid="g-1",
        name="web-apart",
        policy="anti-affinity",
        seen_at=source.seen_at,
    )
    one = guest("web-01", on=source, group="g-1")
    guest("web-02", on=target, group="g-1")

    said = text(operator, f"/what-if/?instance={one.uuid}&to-{one.uuid}={target.host}")

    assert "web-apart" in said
    assert "would be broken:" in said


def test_instances_are_added_by_name_and_the_address_can_be_sent_on(
    operator: Client, host: Host
) -> None:
    source, _ = host("compute-30", used=4), host("compute-31")
    one, two = guest("web-01", on=source), guest("web-02", on=source)

    answer = operator.get(f"/what-if/?instance={one.uuid}&add=web-02&host=")

    assert answer.status_code == 302
    given = parse_qs(urlsplit(answer["Location"]).query)
    assert sorted(given["instance"]) == sorted([one.uuid, two.uuid])
    assert "2 instances would move" in text(operator, answer["Location"])


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("host=nowhere", 404, "No host or instance of that name is known here"),
        ("host=compute-30&target=nowhere", 404, "No hypervisor nowhere is known"),
        ("add=nobody", 404, "No instance nobody is known here."),
        ("add=twin", 422, "2 instances are called twin."),
        ("instance=0f3a", 404, "No instance 0f3a is known here."),
        ("host=compute-30&cloud=blue", 404, "There is no cloud blue here."),
    ],
)
def test_what_is_not_known_is_said(
    operator: Client, host: Host, query: str, status: int, sentence: str
) -> None:
    on = host("compute-30")
    guest("twin", on=on)
    guest("twin", on=on)

    assert sentence in text(operator, f"/what-if/?{query}", status)


def test_the_number_of_queries_does_not_grow_with_the_instances(
    operator: Client, host: Host, django_assert_max_num_queries: Any
) -> None:
    source = host("compute-30", used=16)
    for number in range(31, 36):
        host(f"compute-{number}")
    for number in range(8):
        guest(f"web-{number}", on=source)

    with django_assert_max_num_queries(30):
        text(operator, "/what-if/?host=compute-30")


def test_the_api_tells_the_same(host: Host) -> None:
    source, target = host("compute-30", used=2), host("compute-31", used=2)
    one = guest("web-01", on=source)
    rita = Person(factories.person("rita", "requester"))

    answer = rita.post("what-if/", instances=[{"instance": one.uuid}])

    assert answer.status == 200, answer.json
    (move,) = answer.json["moves"]
    assert (move["source"], move["target"]) == (source.host, target.host)
    hosts = {each["host"]: each for each in answer.json["effect"]["hosts"]}
    vcpus = hosts[target.host]["resources"][VCPU]
    assert (vcpus["used_before"], vcpus["used_peak"], vcpus["used_after"]) == (2, 4, 4)
    assert answer.json["effect"]["broken"] == []
    assert answer.json["stays"] == []


def test_the_api_refuses_a_question_about_nothing(db: None) -> None:
    rita = Person(factories.person("rita", "requester"))

    assert rita.post("what-if/", {}).status == 422
    twice = [{"instance": "a"}, {"instance": "a", "target": "b"}]
    assert "named twice" in rita.post("what-if/", instances=twice).detail

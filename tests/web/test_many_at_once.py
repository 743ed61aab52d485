"""Several moves are requested at once, and several requests decided at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from migrations_app.access import throttle
from migrations_app.models import MigrationRequest
from tests import factories
from tests.stage import Stage
from tests.web.conftest import browser_of

pytestmark = pytest.mark.django_db


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[-2000:]
    return answer.content.decode()


def posted(client: Client, path: str, status: int = 200, /, **given: Any) -> str:
    answer = client.post(path, given)
    assert answer.status_code == status, answer.content.decode()[-2000:]
    return answer.content.decode()


@pytest.fixture
def two(stage: Stage) -> list[str]:
    """Return the UUIDs of two instances that can be moved."""
    for host in (stage.source, stage.target):
        factories.hypervisor(host)
    found = [stage.server, stage.cloud.create("api", host=stage.source)]
    for name, uuid in zip(("web", "api"), found, strict=True):
        factories.instance(name, uuid=uuid)
    return found


# -- asking ----------------------------------------------------------------------------


def test_what_if_of_several_ends_in_their_requests(
    requester: Client, auditor: Client, two: list[str]
) -> None:
    address = f"/what-if/?instance={two[0]}&instance={two[1]}"
    said = text(requester, address)
    assert "Request 2 moves" in said
    for uuid in two:
        assert f'<input type="hidden" name="instance" value="{uuid}">' in said
    assert "Request 2 moves" not in text(auditor, address)

    said = posted(
        requester,
        "/requests/ask-many/",
        instance=two,
        reason="New memory.",
        ticket="OPS-7",
        **{f"to-{uuid}": "compute-34" for uuid in two},
    )

    assert "2 of 2 moves requested" in said
    rows = MigrationRequest.objects.order_by("instance_name")
    asked = rows.values_list("instance_name", "target", "reason", "ticket")
    assert list(asked) == [
        (name, "compute-34", "New memory.", "OPS-7") for name in ("api", "web")
    ]


def test_one_that_is_refused_does_not_stop_the_others(
    stage: Stage, requester: Client, two: list[str]
) -> None:
    stage.cloud.edit(two[0], vm_state="error")

    said = posted(requester, "/requests/ask-many/", instance=two, reason="New memory.")

    assert "1 of 2 moves requested" in said
    assert MigrationRequest.objects.get().instance == two[1]
    # what is left can be sent again, as it was typed
    assert f'name="instance" value="{two[0]}"' in said
    assert f'name="instance" value="{two[1]}"' not in said
    assert "New memory.</textarea>" in said


def test_no_more_are_asked_for_than_a_page_waits_for(requester: Client) -> None:
    many = [f"uuid-{n}" for n in range(26)]

    said = posted(requester, "/requests/ask-many/", 422, instance=many, reason="Why")

    assert "Select at most 25 instances at once; you selected 26." in said


def test_it_looks_at_hosts_no_more_often_than_a_person_may(
    requester: Client, two: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(throttle.MOST, "preflight", 1)

    said = posted(requester, "/requests/ask-many/", instance=two, reason="New memory.")

    assert "1 of 2 moves requested" in said
    assert "within a minute" in said


# -- deciding --------------------------------------------------------------------------


def test_requests_that_can_be_decided_can_be_selected(
    approver: Client, auditor: Client
) -> None:
    open_, ended = factories.request(), factories.request(state="rejected")

    said = text(approver, "/requests/")
    assert f'name="request" value="{open_.pk}" form="picks"' in said
    assert f'name="request" value="{ended.pk}"' not in said
    assert 'form="picks"' not in text(auditor, "/requests/")


def test_the_selected_are_shown_with_their_plans_and_rejected_each_by_itself(
    approver: Client,
) -> None:
    one, other = factories.request(), factories.request()
    done = factories.request(state="withdrawn")
    numbers = [one.pk, other.pk, done.pk]

    said = text(
        approver, "/requests/decide/?" + "&".join(f"request={n}" for n in numbers)
    )
    assert said.count("Plan, ") == 3
    assert f'name="digest-{one.pk}" value="{one.plan_digest}"' in said
    assert "The request is withdrawn; only a requested one can be approved." in said

    said = posted(
        approver,
        "/requests/decide/",
        request=numbers,
        verb="reject",
        note="It is no time for this.",
    )

    assert "2 of 3" in said
    assert f'/requests/{done.pk}/">#{done.pk} {done.instance_name}</a>' in said
    assert "it can no longer be rejected" in said
    states = MigrationRequest.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["rejected", "rejected", "withdrawn"]


def test_each_is_approved_for_the_plan_that_was_shown_alone(
    approver: Client, requester: Client, stage: Stage, two: list[str]
) -> None:
    posted(requester, "/requests/ask-many/", instance=two, reason="New memory.")
    one, other = MigrationRequest.objects.order_by("pk")

    said = posted(
        approver,
        "/requests/decide/",
        request=[one.pk, other.pk],
        verb="approve",
        note="Fine.",
        **{f"digest-{one.pk}": one.plan_digest, f"digest-{other.pk}": "0" * 64},
    )

    assert "1 of 2" in said
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.state, other.state) == ("approved", "requested")
    assert "Fine.</textarea>" in said


def test_nobody_decides_so_on_what_is_their_own() -> None:
    both = browser_of("bea", "requester", "approver")
    row = factories.request(asked_by=User.objects.get(username="bea"))

    said = posted(
        both, "/requests/decide/", request=[row.pk], verb="reject", note="No."
    )

    assert "You requested this move: another person must decide." in said
    row.refresh_from_db()
    assert row.state == "requested"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"verb": "reject", "note": " "}, "Give your reason"),
        ({"verb": "burn", "note": "x"}, "Choose to approve, to reject or to withdraw."),
    ],
)
def test_what_is_missing_is_said(
    approver: Client, given: dict[str, str], says: str
) -> None:
    row = factories.request()

    assert says in posted(approver, "/requests/decide/", 422, request=[row.pk], **given)

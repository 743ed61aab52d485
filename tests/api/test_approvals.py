"""Policies, delegations, changes and emergency starts by the interface."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from migrations_app.models import ApprovalPolicy, Delegation, MigrationRequest
from tests import factories
from tests.api.conftest import Person
from tests.cast import Cast
from tests.stage import Stage

pytestmark = pytest.mark.django_db
RULE: dict[str, Any] = {
    "hosts": ["compute-3?"],
    "stages": [{"groups": ["approver"], "approvers": 2}],
}


def test_policies_are_made_changed_and_retired() -> None:
    admin = Person(factories.person("ada", staff=True))
    factories.hypervisor("compute-30")
    new = {"name": "Mine", "weight": 9, "rule": RULE, "note": "Why."}
    made = admin.post("policies/", **new)
    assert made.status == 201
    number = made.json["id"]
    assert made.headers["Location"].endswith(f"/api/policies/{number}/")
    asked = admin.post(f"policies/{number}/retire/", version=1, note="No.")
    assert (asked.status, asked.json["active"]) == (202, False)
    confirm = f"policies/proposals/{asked.json['id']}/confirm/"
    assert admin.post(confirm, note="Yes.").status == 403
    second = Person(factories.person("bea", staff=True))
    assert [each["by"] for each in second.get("policies/proposals/").json] == ["ada"]
    assert second.post(confirm, note="Yes.").status == 200
    assert second.post(confirm, note="Yes.").status == 409
    assert second.get("policies/proposals/").json == []
    retired = admin.get(f"policies/{number}/")
    assert (retired.json["active"], retired.json["version"]) == (False, 2)
    assert [v["number"] for v in retired.json["versions"]] == [2, 1]
    late = admin.post(f"policies/{number}/retire/", version=1, note="No.")
    assert late.status == 409
    names = [row["name"] for row in admin.get("policies/").json]
    assert names == ["Dangerous procedures", "Standard", "Mine"]
    assert admin.post("policies/", **{**new, "name": "Standard"}).status == 422


def test_a_name_that_matches_nothing_is_refused_unless_told_so() -> None:
    admin = Person(factories.person("ada", staff=True))
    new = {"name": "Mine", "weight": 9, "rule": RULE, "note": "Why."}
    refused = admin.post("policies/", **new)
    assert (refused.status, refused.detail) == (
        422,
        "No host is called “compute-3?”.",
    )
    assert admin.post("policies/", **new, unmatched=True).status in (201, 202)


def test_policies_are_seen_by_all_and_set_by_few(operator: Person) -> None:
    assert operator.get("policies/").status == 200
    row = ApprovalPolicy.objects.first()
    assert row is not None
    assert operator.get(f"policies/{row.pk}/").json["name"] == row.name
    answer = operator.post("policies/", name="x", weight=1, rule=RULE, note="x")
    assert answer.status == 403
    assert operator.get("policies/0/").status == 404


def test_a_request_says_where_its_approvals_stand(stage: Stage, cast: Cast) -> None:
    policy = factories.policy("Staged", stages=[(1, "approver"), (1, "board")])
    request = cast.approve(cast.ask(stage))
    said = Person(cast.auditor).get(f"requests/{request.pk}/").json
    assert said["approvals_needed"] == 2
    assert said["approvals"]["policy"] == "Staged"
    assert said["approvals"]["sentence"] == "Needs 1 approval of board in stage 2 of 2."
    assert said["approvals"]["stages"][0] == {
        "groups": ["approver"],
        "approvers": 1,
        "done": True,
        "approved_by": ["approver"],
    }
    policy.delete()
    ApprovalPolicy.objects.update(active=False)
    said = Person(cast.auditor).get(f"requests/{request.pk}/").json
    assert (said["approvals"], said["approvals_needed"]) == (None, 0)


def test_a_request_is_changed(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    answer = Person(cast.requester).post(
        f"requests/{request.pk}/amend/",
        plan_digest=request.plan_digest,
        note="Clearer.",
        reason="Another.",
    )
    assert (answer.status, answer.json["changed_by"]) == (200, "requester")
    assert answer.json["plan_digest"] != request.plan_digest


def test_the_glass_is_broken_and_reviewed(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    broken = Person(cast.operator).post(
        f"requests/{request.pk}/break-glass/",
        plan_digest=request.plan_digest,
        reason="Fire.",
    )
    assert (broken.status, broken.json["state"]) == (200, "approved")
    assert broken.json["broken_glass"][0]["reviewed_at"] is None
    answer = Person(cast.approver).post(f"requests/{request.pk}/review/", note="Well.")
    assert answer.json["broken_glass"][0]["reviewed_by"] == "approver"
    assert MigrationRequest.objects.get().state == "approved"


def test_a_say_is_handed_on_and_used(stage: Stage, cast: Cast) -> None:
    giver = Person(cast.approver)
    said = {
        "to": "auditor",
        "starts_at": "2020-01-01T00:00:00Z",
        "ends_at": (stage.time + timedelta(days=800)).isoformat(),
        "reason": "On leave.",
    }
    assert giver.post("delegations/", **said).status == 422
    said["ends_at"] = (stage.time + timedelta(days=3)).isoformat()
    made = giver.post("delegations/", **said)
    assert (made.status, made.json["taker"]) == (201, "auditor")
    request = cast.ask(stage)
    answer = Person(cast.auditor).post(
        f"requests/{request.pk}/approve/", plan_digest=request.plan_digest, note="Ok."
    )
    assert answer.json["decisions"][0]["on_behalf_of"] == "approver"
    ended = giver.post(f"delegations/{made.json['id']}/revoke/")
    assert ended.json["revoked_by_name"] == "approver"
    assert giver.get("delegations/").json["count"] == Delegation.objects.count() == 1
    assert Person(cast.auditor).post("delegations/", **said).status == 403

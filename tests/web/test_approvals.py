"""The pages of policies, of delegations, of changes and of emergency starts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from migrations_app.models import (
    ApprovalPolicy,
    BrokenGlass,
    Delegation,
    PolicyProposal,
)
from tests import factories
from tests.cast import Cast
from tests.stage import Stage
from tests.web.conftest import browser_of

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


def sign_in(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


@pytest.fixture
def admin(db: None) -> Client:
    for host in ("compute-30", "store-1"):
        factories.hypervisor(host)
    return browser_of("ada", staff=True)


TYPED = {
    "name": "Storage hosts",
    "weight": "50",
    "stages": "2 of approver\n1 of operator, auditor",
    "hosts": "store-*, compute-30",
    "window": "outside",
    "approval_hours": "24",
    "break_glass": "on",
    "active": "on",
    "note": "Because of the outage.",
}


def test_a_policy_is_made_changed_and_retired_in_the_browser(
    admin: Client, auditor: Client
) -> None:
    second = browser_of("bea", staff=True)
    answer = admin.post("/policies/new/", TYPED)
    confirm(second)
    row = ApprovalPolicy.objects.get(name="Storage hosts")
    assert answer.status_code == 302
    assert row.rule["hosts"] == ["store-*", "compute-30"]
    form = admin.get(f"/policies/{row.pk}/change/").content.decode()
    assert "2 of approver\n1 of operator, auditor</textarea>" in form
    changed = {**TYPED, "version": "1", "weight": "60"}
    assert admin.post(f"/policies/{row.pk}/change/", changed).status_code == 302
    confirm(second)
    stale = admin.post(f"/policies/{row.pk}/change/", {**changed, "weight": "70"})
    assert stale.status_code == 409
    assert 'name="version" value="1"' in stale.content.decode()
    page = auditor.get(f"/policies/{row.pk}/").content.decode()
    assert "2 of approver; then 1 of operator or auditor" in page
    assert "Because of the outage." in page
    assert "Version 2" in page
    assert "Edit</a>" not in page
    admin.post(f"/policies/{row.pk}/retire/", {"note": "Over."})
    page = admin.get("/policies/").content.decode()
    assert "proposed by ada: retire it" in page
    assert "Confirm" not in page
    confirm(second)
    assert "retired" in auditor.get("/policies/").content.decode()


def confirm(by: Client) -> None:
    """Have what is proposed confirmed, if anything is."""
    for row in PolicyProposal.objects.filter(decided_at=None):
        address = f"/policies/proposals/{row.pk}/confirm/"
        assert "Confirm" in by.get("/policies/").content.decode()
        assert by.post(address, {"note": "Seen."}).status_code == 302


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"stages": "everybody"}, "is not a stage"),
        ({"stages": "1 of ghosts"}, "no group ghosts"),
        ({"weight": "heavy"}, "Enter a whole number."),
        ({"note": ""}, "Give a reason"),
    ],
)
def test_what_makes_no_policy_is_said_beside_the_form(
    admin: Client, fields: dict[str, str], sentence: str
) -> None:
    answer = admin.post("/policies/new/", {**TYPED, **fields})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "store-*, compute-30" in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "names", "sentence"),
    [
        ("hosts", "compute-30, compute-3O", "No host is called “compute-3O”."),
        ("zones", "no-zone", "No availability zone is called “no-zone”."),
        ("procedures", "live, teleport", "No procedure is called “teleport”."),
        ("clouds", "cloud-9", "No cloud is called “cloud-9”."),
        ("projects", "p-*", "No project with an instance is called “p-*”."),
        ("aggregates", "fast", "No aggregate is called “fast”."),
    ],
)
def test_a_name_that_matches_nothing_is_saved_when_that_is_agreed_to(
    admin: Client, field: str, names: str, sentence: str
) -> None:
    typed = {**TYPED, field: names}
    asked = admin.post("/policies/new/", typed)
    assert asked.status_code == 422
    assert sentence in asked.content.decode()
    assert not ApprovalPolicy.objects.filter(name=TYPED["name"]).exists()
    agreed = admin.post("/policies/new/", {**typed, "unmatched": "on"})
    assert agreed.status_code == 302


def test_a_new_policy_permits_no_emergency_start_unless_told_so(admin: Client) -> None:
    form = admin.get("/policies/new/").context["form"]
    assert not form["break_glass"].value()


def test_the_request_s_page_says_which_stages_and_who_counts(
    stage: Stage, cast: Cast
) -> None:
    factories.policy("Staged", stages=[(1, "approver"), (1, "board")])
    request = cast.approve(cast.ask(stage))
    page = sign_in(cast.second).get(f"/requests/{request.pk}/").content.decode()
    assert "1 of approver" in page
    assert "<strong>approver</strong>" in page
    assert "1 of 2 approvals" in page
    assert "Needs 1 approval of board in stage 2 of 2." in page
    assert "Approve this plan</button>" not in page
    assert "Start without approvals" not in page


def test_the_request_s_page_says_that_no_policy_is_for_it(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    ApprovalPolicy.objects.update(active=False)
    page = sign_in(cast.approver).get(f"/requests/{request.pk}/").content.decode()
    assert "No approval policy matches this move" in page
    assert "Approve this plan</button>" not in page


def test_the_ask_page_says_who_must_approve_each_way(stage: Stage, cast: Cast) -> None:
    factories.instance("web", uuid=stage.server, host=stage.source)
    said = {"instance": stage.server, "procedure": "auto", "target": stage.target}
    page = sign_in(cast.requester).post("/requests/preflight/", said)
    text = page.content.decode()
    assert "Approvals needed: 1 of approver (policy “Standard”)." in text
    assert "Approvals needed: 2 of approver (policy “Dangerous procedures”)." in text


def test_a_request_is_changed_in_the_browser(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage, options={"deadline": 60})
    client = sign_in(cast.requester)
    page = client.get(f"/requests/{request.pk}/").content.decode()
    assert "Edit</a>" in page
    form = client.get(f"/requests/{request.pk}/amend/").content.decode()
    assert 'value="60"' in form
    said = {
        "plan_digest": request.plan_digest,
        "target": stage.target,
        "reason": HOSTILE,
        "block_migration": "auto",
        "deadline": "60",
        "note": "Clearer.",
    }
    answer = client.post(f"/requests/{request.pk}/amend/", said, follow=True)
    request.refresh_from_db()
    assert (request.state, request.options) == ("requested", {"deadline": 60})
    assert "needs approval again" in answer.content.decode()
    assert HOSTILE not in answer.content.decode()
    assert "Last changed by" in answer.content.decode()


def test_the_glass_is_broken_by_typing_the_number_and_everybody_sees_it(
    stage: Stage, cast: Cast, auditor: Client
) -> None:
    request = cast.ask(stage)
    client = sign_in(cast.operator)
    page = client.get(f"/requests/{request.pk}/").content.decode()
    assert "Emergency start</summary>" in page
    said = {"plan_digest": request.plan_digest, "note": HOSTILE, "number": "0"}
    address = f"/requests/{request.pk}/break-glass/"
    assert client.post(address, said).status_code == 422
    assert not BrokenGlass.objects.exists()
    answer = client.post(address, {**said, "number": f"#{request.pk}"}, follow=True)
    assert "Emergency start: the move starts at once" in answer.content.decode()
    for path in ("/", "/instances/", "/broken-glass/"):
        page = auditor.get(path).content.decode()
        assert "<strong>Emergency start.</strong>" in page
        assert HOSTILE not in page
    page = sign_in(cast.approver).get(f"/requests/{request.pk}/").content.decode()
    assert "Result of your review" in page
    answer = sign_in(cast.approver).post(
        f"/requests/{request.pk}/review/", {"note": "It was right."}, follow=True
    )
    assert "You reviewed the emergency start." in answer.content.decode()
    assert "<strong>Emergency start.</strong>" not in auditor.get("/").content.decode()
    assert "It was right." in auditor.get("/broken-glass/").content.decode()


def test_a_say_is_handed_on_and_taken_back_in_the_browser(cast: Cast) -> None:
    client = sign_in(cast.approver)
    now = timezone.now()
    said = {
        "to": "operator",
        "starts_at": f"{now:%Y-%m-%dT%H:%M}",
        "ends_at": f"{now + timedelta(days=1):%Y-%m-%dT%H:%M}",
        "reason": HOSTILE,
    }
    wrong = client.post("/delegations/", {**said, "to": "nemo"})
    assert (wrong.status_code, HOSTILE in wrong.content.decode()) == (422, False)
    page = client.post("/delegations/", said, follow=True).content.decode()
    assert "operator can approve in your place during that time." in page
    assert HOSTILE not in page
    row = Delegation.objects.get()
    other = sign_in(cast.auditor)
    assert "End it" not in other.get("/delegations/").content.decode()
    assert other.post(f"/delegations/{row.pk}/revoke/").status_code == 403
    page = client.post(f"/delegations/{row.pk}/revoke/", follow=True).content.decode()
    assert "ended by approver" in page


def test_what_waits_for_a_taker_is_counted_for_them(stage: Stage, cast: Cast) -> None:
    cast.ask(stage)
    waiting = "1 waiting for your decision"
    assert waiting not in sign_in(cast.auditor).get("/").content.decode()
    Delegation.objects.create(
        giver=cast.approver,
        giver_name="approver",
        taker=cast.auditor,
        taker_name="auditor",
        reason="On leave.",
        starts_at=stage.time,
        ends_at=stage.time + timedelta(days=1),
        made_at=stage.time,
    )
    assert waiting in sign_in(cast.auditor).get("/").content.decode()

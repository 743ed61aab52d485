"""The evidence of a change, and what is left of it when old things are removed."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from migrations_app.models import AuditEntry, Line, Removal, Run
from migrations_app.requests.evidence import open_evidence
from migrations_app.runs import retention
from tests import factories
from tests.cast import Cast
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def moved(stage: Stage, cast: Cast) -> Run:
    """A move that was asked for, approved and made."""
    return stage.play(cast.run(stage, procedure="cold", ticket="CHG-7"))


def page_of(client: Client, run: Run) -> str:
    response = client.get(f"/requests/{run.request_id}/evidence/")
    assert response.status_code == 200
    return response.content.decode()


def test_it_has_all_that_there_is_about_the_change(auditor: Client, moved: Run) -> None:
    page = page_of(auditor, moved)

    request = moved.request
    for said in (request.reason, "CHG-7", request.plan_digest, "requester", "approver"):
        assert said in page
    for step in moved.steps.all():
        assert step.sentence in page
    for finding in (*request.findings, *moved.findings):
        assert finding["rule"] in page
    for entry in AuditEntry.objects.filter(request_number=request.pk):
        assert entry.digest in page
    lines = [line.text for line in moved.lines.all()]
    assert all(line in page for line in lines if line.isascii() and "'" not in line)
    assert "These entries: chain verified" in page


def test_that_it_was_opened_is_in_the_trail_and_on_the_page(
    auditor: Client, moved: Run
) -> None:
    page = page_of(auditor, moved)

    entry = AuditEntry.objects.get(verb="evidence.opened")
    assert (entry.actor_name, entry.request_number) == ("aude", moved.request_id)
    assert f"entry {entry.pk} of the audit trail" in page


def test_the_log_s_digest_is_that_of_its_text_file(auditor: Client, moved: Run) -> None:
    text = auditor.get(f"/runs/{moved.pk}/log.txt").getvalue()
    found = open_evidence(moved.request, by=User.objects.get(username="aude"))

    assert found.log_sha256 == hashlib.sha256(text).hexdigest()
    assert found.log_sha256_in_trail in ("", found.log_sha256)


def test_a_log_that_was_changed_afterwards_is_told(auditor: Client, moved: Run) -> None:
    found = open_evidence(moved.request, by=User.objects.get(username="aude"))
    if not found.log_sha256_in_trail:
        pytest.fail("the run's end says nothing of its log")
    assert "The audit trail has the same digest" in page_of(auditor, moved)

    Line.objects.filter(run=moved, number=1).update(text="Nothing happened.")

    assert "The audit trail has a different digest" in page_of(auditor, moved)


def test_a_request_that_never_ran_has_evidence_too(auditor: Client) -> None:
    request = factories.request(reason="<b>because</b>")

    response = auditor.get(f"/requests/{request.pk}/evidence/")

    page = response.content.decode()
    assert "The run has not started" in page
    assert "&lt;b&gt;because" in page
    assert auditor.get("/requests/999999/evidence/").status_code == 404


def test_it_needs_no_script_of_its_own_and_nothing_from_elsewhere(
    auditor: Client, moved: Run
) -> None:
    page = page_of(auditor, moved)

    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page


# -- retention ------------------------------------------------------------------------


def test_old_logs_go_and_the_trail_and_the_rest_stay(
    auditor: Client, moved: Run, settings: Any
) -> None:
    settings.NOVAWEB_KEEP_LOGS_DAYS = 30
    text = auditor.get(f"/runs/{moved.pk}/log.txt").getvalue()
    lines = moved.lines.count()
    trail = list(AuditEntry.objects.order_by("pk").values_list("digest", flat=True))
    now = timezone.now()

    assert not retention.is_due(now + timedelta(days=29))
    assert retention.remove_due(now + timedelta(days=29)) == 0
    assert retention.is_due(now + timedelta(days=31))
    assert retention.remove_due(now + timedelta(days=31)) == lines
    assert not retention.is_due(now + timedelta(days=31))
    assert retention.remove_due(now + timedelta(days=31)) == 0

    entry = AuditEntry.objects.get(verb="retention.removed")
    digest = hashlib.sha256(text).hexdigest()
    assert entry.after == {"what": "log", "count": lines, "log_sha256": digest}
    assert (entry.actor_name, entry.run_number) == ("novaweb", moved.pk)
    kept = AuditEntry.objects.order_by("pk").values_list("digest", flat=True)
    assert list(kept)[: len(trail)] == trail
    page = page_of(auditor, moved)
    assert f"The {lines} lines of the log were removed" in page
    assert digest in page
    assert moved.request.reason in page
    assert digest in auditor.get(f"/runs/{moved.pk}/").content.decode()
    assert auditor.get(f"/runs/{moved.pk}/log.txt").status_code == 404


def test_a_run_that_goes_on_keeps_its_log(settings: Any) -> None:
    settings.NOVAWEB_KEEP_LOGS_DAYS = 1
    factories.run(lines=["It begins."])

    assert retention.remove_due(timezone.now() + timedelta(days=900)) == 0
    assert Line.objects.count() == 1


def test_with_nought_everything_is_kept(moved: Run, settings: Any) -> None:
    for name in ("LOGS", "SAMPLES", "MESSAGES"):
        setattr(settings, f"NOVAWEB_KEEP_{name}_DAYS", 0)

    assert not retention.is_due(timezone.now() + timedelta(days=90_000))
    assert retention.remove_due(timezone.now() + timedelta(days=90_000)) == 0


def test_each_run_is_removed_by_one_worker_only(moved: Run) -> None:
    """Another one has noted it while this one was on its way."""
    later = timezone.now() + timedelta(days=40_00)
    due = retention._with_log(later).get()
    Removal.objects.create(run=moved, what="log", count=0, at=later)

    assert retention._remove(due, "log", Line.objects.filter(run=due)) == 0
    assert Line.objects.filter(run=moved).exists()

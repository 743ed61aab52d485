"""Lists name a step by its title; its sentence stays to be read."""

from __future__ import annotations

import pytest
from django.test import Client

from migrations_app.models import Run
from tests import factories

pytestmark = pytest.mark.django_db

HEADING = '<strong class="line-step">{}</strong>'


@pytest.fixture
def run() -> Run:
    """A run with a log of two steps, and a person's note between their lines."""
    row = factories.run()
    factories.write_line(row, "The run begins.")
    for step in ("target_takes_instances", "migrate_live", "migrate_live"):
        factories.write_line(row, "A line.", step=step)
    return row


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_a_run_lists_each_step_by_its_title_with_its_sentence(
    requester: Client, run: Run
) -> None:
    page = text(requester, f"/runs/{run.pk}/")

    for step in run.steps.all():
        assert step.sentence in page
    assert '<span class="step-title">Migrate live</span>' in page


def test_a_plan_shows_title_and_sentence_to_whoever_approves(
    approver: Client,
) -> None:
    asked = factories.request()

    page = text(approver, f"/requests/{asked.pk}/")

    assert '<strong class="plan-title">Migrate live</strong>' in page
    for step in asked.plan:
        assert step["sentence"] in page


def test_a_log_names_a_step_where_its_lines_begin(requester: Client, run: Run) -> None:
    page = text(requester, f"/runs/{run.pk}/")

    assert page.count(HEADING.format("Check target host")) == 1
    assert page.count(HEADING.format("Migrate live")) == 1
    at = page.index(HEADING.format("Migrate live"))
    assert page.index('id="line-3"') < at < page.index('id="line-4"') + 100


@pytest.mark.parametrize("after, headings", [(0, 2), (1, 2), (2, 1), (3, 0), (4, 0)])
def test_what_comes_later_names_only_steps_that_begin_there(
    requester: Client, run: Run, after: int, headings: int
) -> None:
    news = requester.get(f"/runs/{run.pk}/lines/?after={after}").json()

    assert [each["number"] for each in news["lines"]] == list(range(after + 1, 5))
    assert sum("line-step" in each["html"] for each in news["lines"]) == headings


def test_a_plan_of_steps_that_are_known_no_longer_is_still_shown(
    requester: Client,
) -> None:
    """Nothing that is stored was rewritten when steps were given titles."""
    plan = [{"key": "wipe_disks", "sentence": "Wipe the disks of web.", "final": True}]
    asked = factories.request(plan=plan)
    row = factories.run(of=asked, under_way=0)
    factories.write_line(row, "Asking.", step="wipe_disks")

    page = text(requester, f"/requests/{asked.pk}/")
    assert "Wipe disks" in page
    assert "Wipe the disks of web." in page
    assert HEADING.format("Wipe disks") in text(requester, f"/runs/{row.pk}/")


def test_the_home_page_names_the_step_under_way(requester: Client, run: Run) -> None:
    page = text(requester, "/")

    assert "Migrate live" in page


@pytest.mark.parametrize("path", ["/audit/", "/audit/{}/"])
def test_an_audit_entry_names_the_step_that_it_is_about(
    auditor: Client, path: str
) -> None:
    entry = factories.audit_entry("run.asked", after={"step": "confirm"})

    page = text(auditor, path.format(entry.pk))

    assert "novaweb called Nova for the move of web-001: Confirm" in page


def test_an_audit_entry_about_no_step_names_none(auditor: Client) -> None:
    factories.audit_entry("run.started", after={"digest": "0" * 64})

    page = text(auditor, "/audit/")

    assert "web-001:" not in page


def test_a_step_that_was_undone_was_no_point_of_no_return(requester: Client) -> None:
    row = factories.run()
    address = f"/runs/{row.pk}/"
    assert "point of no return" in text(requester, address)

    row.steps.filter(final=True).update(state="undone")
    assert "point of no return" not in text(requester, address)

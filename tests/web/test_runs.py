"""The page of a run: where it stands, its log, and what an operator may ask of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from migrations_app.models import Cloud, Run
from migrations_app.web.runs import stream
from tests import factories

pytestmark = pytest.mark.django_db

GIB = 2**30
PROGRESS = {
    "memory_total": 8 * GIB,
    "memory_processed": 5 * GIB,
    "memory_remaining": 3 * GIB,
    "disk_total": 20 * GIB,
    "disk_remaining": 1 * GIB,
    "low_water": 2 * GIB,
    "rate": 100 * 2**20,
    "migration": 812,
    "status": "running",
}


def page(client: Client, run: Run) -> str:
    response = client.get(f"/runs/{run.pk}/")
    assert response.status_code == 200
    return response.content.decode()


def test_it_shows_how_far_a_live_migration_is(requester: Client) -> None:
    text = page(requester, factories.run(progress=PROGRESS))

    assert "3 GiB of 8 GiB left" in text
    assert "1 GiB of 20 GiB left" in text
    for figure in ("2 GiB", "100 MiB/s", "Nova migration 812: running"):
        assert figure in text
    assert f'max="{8 * GIB}" value="{5 * GIB}"' in text


def test_it_shows_the_log_with_an_address_for_each_line(requester: Client) -> None:
    run = factories.run(lines=["It begins.", "Nova does not answer: looking again."])

    text = page(requester, run)

    assert 'id="line-2"' in text
    assert 'href="#line-2"' in text
    assert text.count("line-trouble") == 1


def test_it_gives_the_log_as_plain_text(requester: Client) -> None:
    run = factories.run(lines=["It begins.", "It <goes> on."])

    answer = requester.get(f"/runs/{run.pk}/log.txt")

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    first, second = answer.getvalue().decode().splitlines()
    assert first.endswith("Z It begins.")
    assert second.endswith("Z It <goes> on.")


def test_it_hands_out_lines_after_a_number(requester: Client) -> None:
    run = factories.run(lines=["One.", "Two.", "Three."], state="completed")

    news = requester.get(f"/runs/{run.pk}/lines/?after=1").json()

    assert [each["number"] for each in news["lines"]] == [2, 3]
    assert news["over"] is True
    assert requester.get(f"/runs/{run.pk}/lines/?after=x").status_code == 422


def test_a_person_has_only_so_many_streams(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = factories.run(lines=["One."])
    assert operator.get(f"/runs/{run.pk}/stream/").status_code == 200
    monkeypatch.setattr(stream, "MOST", 0)
    answer = operator.get(f"/runs/{run.pk}/stream/")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) == 60


def test_the_text_file_of_a_log_is_sent_while_it_is_read(operator: Client) -> None:
    run = factories.run(lines=["One.", "Two."])
    answer = operator.get(f"/runs/{run.pk}/log.txt")
    assert answer.streaming
    sent = answer.getvalue().decode().splitlines()
    assert [line.split()[-1] for line in sent] == ["One.", "Two."]


def test_a_held_run_shows_why_and_what_can_be_done(
    operator: Client, requester: Client
) -> None:
    run = factories.run(state="held", why="The instance is ERROR on compute-31.")

    text = page(operator, run)

    assert "The instance is ERROR on compute-31." in text
    for button in ("Look again", "Roll back", "Close manually"):
        assert button in text
    assert "Close manually</button>" not in page(requester, run)


def test_it_does_not_offer_the_way_back_past_the_point_of_no_return(
    operator: Client,
) -> None:
    run = factories.run(state="held", why="Look at both hosts.", under_way=3)

    text = page(operator, run)

    assert "Roll back</button>" not in text
    assert "the point of no return is passed" in text


@pytest.mark.parametrize(
    ("verb", "field"),
    [
        ("stop", "stop_asked_at"),
        ("abort", "stop_asked_at"),
        ("force-complete", "force_asked_at"),
    ],
)
def test_an_operator_interrupts_a_run_without_a_script(
    operator: Client, verb: str, field: str
) -> None:
    run = factories.run()
    assert f'action="/runs/{run.pk}/{verb}/"' in page(operator, run)

    answer = operator.post(f"/runs/{run.pk}/{verb}/", {"note": "Too slow."})

    assert answer["Location"] == f"/runs/{run.pk}/"
    run.refresh_from_db()
    assert getattr(run, field) is not None


def test_closing_by_hand_needs_a_note_and_keeps_it_when_it_came_too_late(
    operator: Client,
) -> None:
    run = factories.run(state="held", why="Look at it.")

    empty = operator.post(f"/runs/{run.pk}/close/", {"note": " "})
    assert empty.status_code == 422
    assert "Describe what you found" in empty.content.decode()

    assert operator.post(f"/runs/{run.pk}/close/", {"note": "Seen."}).status_code == 302
    late = operator.post(f"/runs/{run.pk}/close/", {"note": "Seen."})
    assert late.status_code == 409
    assert "The run is over (closed)" in late.content.decode()


def test_there_is_no_verb_but_those_that_there_are(operator: Client) -> None:
    run = factories.run()

    assert operator.post(f"/runs/{run.pk}/explode/").status_code == 404
    assert operator.get(f"/runs/{run.pk}/stop/").url == f"/runs/{run.pk}/"  # type: ignore[attr-defined]
    run.refresh_from_db()
    assert run.stop_asked_at is None


def test_it_warns_when_no_worker_looks_for_runs(operator: Client) -> None:
    factories.pacer_seen(seconds_ago=60)
    assert "No worker is running" in operator.get("/").content.decode()

    factories.pacer_seen()
    assert "No worker is running" not in operator.get("/").content.decode()


def test_it_says_how_old_the_inventory_is_and_why(operator: Client) -> None:
    factories.cloud()
    assert (
        "this page shows the state of"
        not in operator.get("/hypervisors/").content.decode()
    )

    Cloud.objects.update(
        synced_at=timezone.now() - timedelta(hours=1),
        trouble="Nova at 10.0.0.1 does not answer.",
    )
    text = operator.get("/hypervisors/").content.decode()

    assert "this page shows the state of" in text
    assert "Nova at 10.0.0.1 does not answer." in text


def test_home_shows_what_waits_for_each(approver: Client, requester: Client) -> None:
    waits = factories.request()
    held = factories.run(state="held", why="A person must look.")

    text = approver.get("/").content.decode()

    assert f'href="/requests/{waits.pk}/"' in text
    assert f'href="/runs/{held.pk}/"' in text
    assert "Waiting for your decision" in text
    assert "Waiting for your decision" not in requester.get("/").content.decode()


@pytest.mark.django_db
def test_the_log_is_searched_for_all_words_in_any_case(requester: Client) -> None:
    run = factories.run(lines=["Nova REFUSED <b>it</b>.", "Nova took it.", "Refused."])

    answer = requester.get(f"/runs/{run.pk}/log/search/?words=refused+nova").json()

    assert answer["count"] == 1
    assert [line["number"] for line in answer["lines"]] == [1]
    assert "&lt;b&gt;it" in answer["lines"][0]["html"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("log/?before=x", 422),
        ("log/?before=-1", 422),
        ("log/search/?words=", 422),
        ("log/search/?words=a%00", 200),
        ("log/search/?words=" + "+".join("abcdefghijk"), 422),
    ],
)
def test_what_is_no_part_of_a_log_is_said(
    requester: Client, path: str, status: int
) -> None:
    run = factories.run(lines=["a"])
    assert requester.get(f"/runs/{run.pk}/{path}").status_code == status
    assert requester.get(f"/runs/{run.pk + 1}/{path}").status_code in (404, 422)

"""The panel “Current state” of a run's page, and the page of its own."""

from __future__ import annotations

import pytest
from django.test import Client

from migrations_app.models import Run
from tests.cast import Cast
from tests.stage import Stage

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def held(stage: Stage) -> Run:
    stage.cloud.spoil(stage.server, "finish", "The <disk> was full.")
    return stage.play(stage.start("live"))


def test_a_held_run_asks_by_itself(stage: Stage, requester: Client) -> None:
    run = held(stage)

    page = requester.get(f"/runs/{run.pk}/").content.decode()

    assert f'hx-get="/runs/{run.pk}/world/" hx-trigger="load, ' in page
    assert "data-held" in page


def test_a_run_that_walks_is_asked_about_by_a_button(
    stage: Stage, requester: Client
) -> None:
    run = stage.start("live")

    page = requester.get(f"/runs/{run.pk}/").content.decode()

    assert 'hx-trigger="novaweb:held from:body"' in page
    assert f'href="/runs/{run.pk}/world/"' in page


def test_a_run_that_is_over_has_no_panel(stage: Stage, requester: Client) -> None:
    run = stage.play(stage.start("live"))

    assert "Current state" not in requester.get(f"/runs/{run.pk}/").content.decode()


def test_it_shows_what_differs_and_what_each_button_would_do(
    stage: Stage, requester: Client
) -> None:
    run = held(stage)

    part = requester.get(f"/runs/{run.pk}/world/", headers=HTMX).content.decode()

    assert "<html" not in part
    assert "world-differs" in part
    assert "The &lt;disk&gt; was full." in part
    assert "is held again at once" in part
    assert "The instance stays as it is: ERROR on" in part


def test_without_script_it_is_a_page_of_its_own(
    stage: Stage, requester: Client
) -> None:
    run = stage.start("live")

    page = requester.get(f"/runs/{run.pk}/world/").content.decode()

    assert "<html" in page
    assert "Host in Nova" in page
    assert "Effect of each button now" not in page


def test_a_run_that_there_is_not_has_no_world(requester: Client, cast: Cast) -> None:
    assert requester.get("/runs/999999/world/").status_code == 404

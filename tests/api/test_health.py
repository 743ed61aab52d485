"""Alive, ready, and in figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone

from migrations_app.models import Run
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_process_that_is_alive_says_so_without_asking_anybody(
    client: Client, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200


def test_it_is_ready_when_database_worker_and_redis_are_there(
    client: Client, redis_url: str
) -> None:
    factories.pacer_seen()

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "database": "ok",
        "worker": "ok",
        "redis": "ok",
    }


def test_without_a_worker_it_is_not_ready_and_says_why(
    client: Client, redis_url: str
) -> None:
    factories.pacer_seen(seconds_ago=60)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert "worker" in answer.json()["worker"]


@pytest.mark.parametrize(
    "url",
    ["redis://127.0.0.1:1/0", "127.0.0.1:6379", "redis://127.0.0.1:1/0?patience=5"],
)
def test_without_redis_it_is_ready_and_says_what_that_costs(
    client: Client, settings: Any, url: str
) -> None:
    settings.NOVAWEB_REDIS_URL = url
    factories.pacer_seen()

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert "Redis does not answer" in answer.json()["redis"]


def test_without_the_database_it_is_alive_and_not_ready(client: Client) -> None:
    def broken(*args: object) -> None:
        raise DatabaseError

    with connection.execute_wrapper(broken):
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["database"] == "The database does not answer."


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Bearer ü"])
@pytest.mark.parametrize("token", ["", "figures"])
def test_figures_are_for_whoever_has_their_token(
    client: Client, settings: Any, token: str, header: str
) -> None:
    settings.NOVAWEB_METRICS_TOKEN = token

    answer = client.get("/metrics", HTTP_AUTHORIZATION=header)

    assert answer.status_code == 403
    assert b"novaweb_" not in answer.content


def test_figures_say_what_is_under_way_and_what_is_late(
    client: Client, settings: Any
) -> None:
    settings.NOVAWEB_METRICS_TOKEN = "figures"
    factories.run()
    late = factories.run()
    due = timezone.now() - timedelta(seconds=100)
    Run.objects.filter(pk=late.pk).update(look_again_at=due)
    factories.cloud(
        "east", synced_at=timezone.now() - timedelta(seconds=200), sync_seconds=2.5
    )
    factories.cloud("west", synced_at=None, trouble="It does not answer.")
    factories.pacer_seen(seconds_ago=5)

    answer = client.get("/metrics", headers={"Authorization": "Bearer figures"})

    assert answer.status_code == 200
    text = answer.content.decode()
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    assert figures['novaweb_runs{state="running"}'] == "2.0"
    assert figures['novaweb_runs{state="held"}'] == "0.0"
    assert figures['novaweb_requests{state="running"}'] == "2.0"
    assert 99 < float(figures["novaweb_run_lateness_seconds"]) < 130
    assert 4 < float(figures["novaweb_worker_seen_seconds"]) < 30
    assert float(figures['novaweb_inventory_age_seconds{cloud="east"}']) > 199
    assert figures['novaweb_inventory_age_seconds{cloud="west"}'] == "+Inf"
    assert figures['novaweb_inventory_trouble{cloud="west"}'] == "1.0"
    seconds = 'novaweb_inventory_seconds{cloud="east",scan='
    assert figures[f'{seconds}"last"}}'] == "2.5"
    assert f'{seconds}"full"}}' not in figures
    assert "django_http_requests_total_by_method_total" in text

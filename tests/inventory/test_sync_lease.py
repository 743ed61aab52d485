"""Who reads a cloud, and when: one at a time, each time once, never nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrations_app.integrations import interfaces
from migrations_app.inventory.sync import sync
from migrations_app.inventory.sync_lease import Turn, due_clouds, make_due
from migrations_app.models import Cloud, Instance
from tests.inventory.cloud import Listing, hypervisor, server, service

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def two_clouds(settings: Any) -> None:
    settings.NOVAWEB_CLOUDS = ["one", "two"]
    settings.NOVAWEB_SYNC_EVERY = 60.0
    settings.NOVAWEB_CLOUD_TIMEOUT = 30.0


def small_cloud() -> Listing:
    return Listing(
        hosts=[hypervisor("compute-30")],
        computes=[service("compute-30")],
        listed=[server("web", "compute-30")],
    )


def test_a_cloud_never_read_is_due_and_is_rung_for_once() -> None:
    assert due_clouds(NOON) == ["one", "two"]
    assert due_clouds(NOON) == []
    assert due_clouds(NOON + 59 * SECOND) == []
    assert due_clouds(NOON + 60 * SECOND) == ["one", "two"]


def test_a_cloud_in_trouble_is_not_asked_more_often_than_a_sound_one() -> None:
    due_clouds(NOON)
    Cloud.objects.update(trouble="It does not answer.")

    assert due_clouds(NOON + SECOND) == []


def test_a_cloud_that_is_not_configured_any_more_is_never_due(settings: Any) -> None:
    due_clouds(NOON)
    settings.NOVAWEB_CLOUDS = ["two"]

    assert due_clouds(NOON + 60 * SECOND) == ["two"]


def test_a_person_can_have_a_cloud_read_at_once() -> None:
    due_clouds(NOON)

    assert make_due(["one", "unknown"]) == ["one"]
    assert due_clouds(NOON + SECOND) == ["one"]
    assert make_due() == ["one", "two"]


def test_looking_for_due_clouds_costs_two_queries_when_none_is(
    django_assert_num_queries: Any,
) -> None:
    due_clouds(NOON)
    with django_assert_num_queries(2):
        due_clouds(NOON + SECOND)


def test_a_second_reader_is_turned_away_while_the_first_is_at_it() -> None:
    cloud = small_cloud()
    seconds: list[str] = []

    def second_reader(each: interfaces.Server) -> None:
        report = sync("one", small_cloud().as_cloud(), now=NOON + SECOND)
        seconds.append(report.trouble)

    cloud.before_server = second_reader
    report = sync("one", cloud.as_cloud(), now=NOON)

    assert seconds == ["Another worker is reading this cloud."]
    assert report.trouble == ""
    assert Cloud.objects.get(name="one").trouble == ""


def test_a_reader_that_died_is_overtaken_after_a_while() -> None:
    assert Turn.take("one", now=NOON) is not None  # and dies

    assert Turn.take("one", now=NOON + 299 * SECOND) is None
    assert sync("one", small_cloud().as_cloud(), now=NOON + 301 * SECOND).trouble == ""


def test_a_reader_that_was_overtaken_writes_nothing_more() -> None:
    cloud = small_cloud()

    def overtaken(each: interfaces.Server) -> None:
        Cloud.objects.filter(name="one").update(sync_began_at=NOON + 301 * SECOND)

    cloud.before_server = overtaken
    report = sync("one", cloud.as_cloud(), now=NOON)

    assert "taken over" in report.trouble
    row = Cloud.objects.get(name="one")
    assert (row.synced_at, row.trouble) == (None, "")
    assert row.sync_began_at == NOON + 301 * SECOND
    assert not Instance.objects.exists()

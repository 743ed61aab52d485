"""Between full scans only what changed is read; and when that would not do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrations_app.errors import Unreachable
from migrations_app.integrations import interfaces
from migrations_app.inventory import rows
from migrations_app.inventory.sync import sync
from migrations_app.inventory.sync_lease import make_due
from migrations_app.models import Cloud, Hypervisor, Instance
from tests.inventory.cloud import Listing, at, server

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LATER = NOON + MINUTE


def hosts() -> dict[str, str]:
    return dict(Instance.objects.values_list("name", "host"))


def test_after_a_full_scan_only_what_changed_is_read(cloud: Listing) -> None:
    assert at(cloud, NOON)
    cloud.changed = [replace(cloud.listed[0], host="compute-31")]
    cloud.listed = []

    assert not at(cloud, LATER)

    assert hosts() == {"web": "compute-31", "db": "compute-31"}
    assert cloud.since == [NOON - 2 * MINUTE]
    assert Cloud.objects.get().synced_at == LATER


def test_only_what_nova_says_is_deleted_goes(cloud: Listing) -> None:
    at(cloud, NOON)
    cloud.changed = [replace(cloud.listed[0], status="DELETED", host=None)]

    assert sync("one", cloud.as_cloud(), now=LATER).removed == 1
    assert hosts() == {"db": "compute-31"}
    assert cloud.asked_for == []


def test_a_full_scan_takes_one_that_is_listed_as_deleted_for_gone(
    cloud: Listing,
) -> None:
    at(cloud, NOON)
    cloud.listed[0] = replace(cloud.listed[0], status="DELETED")
    make_due_for_all(cloud)

    assert at(cloud, LATER)
    assert hosts() == {"db": "compute-31"}


def test_one_that_was_made_and_deleted_meanwhile_never_shows(cloud: Listing) -> None:
    at(cloud, NOON)
    cloud.changed = [server("brief", None, status="DELETED")]

    at(cloud, LATER)

    assert sorted(hosts()) == ["db", "web"]


def test_a_new_one_has_its_projects_name_though_nobody_had_it(cloud: Listing) -> None:
    at(cloud, NOON)
    cloud.changed = [server("new", "compute-30", project_id="p2")]

    at(cloud, LATER)

    assert Instance.objects.get(name="new").project_name == "bank"


def test_an_increment_that_fails_in_the_middle_is_read_again_from_its_start(
    cloud: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BATCH", 1)
    at(cloud, NOON)
    moved = [replace(each, host="compute-30", name="m") for each in cloud.listed]
    cloud.changed = moved

    def fail(each: interfaces.Server) -> None:
        if each is moved[1]:
            raise Unreachable("Nova does not answer.")

    cloud.before_server = fail
    assert sync("one", cloud.as_cloud(), now=LATER).trouble == "Nova does not answer."
    row = Cloud.objects.get()
    assert (row.synced_at, row.changes_until) == (NOON, NOON)
    cloud.before_server = lambda each: None

    assert not at(cloud, LATER + MINUTE)

    assert cloud.since == [NOON - 2 * MINUTE] * 2
    assert Instance.objects.filter(name="m").count() == 2


def test_a_full_scan_that_fails_is_followed_by_a_full_scan(cloud: Listing) -> None:
    at(cloud, NOON)
    make_due_for_all(cloud)

    def fail(each: interfaces.Server) -> None:
        raise Unreachable("Nova does not answer.")

    cloud.before_server = fail
    assert sync("one", cloud.as_cloud(), now=LATER).trouble
    cloud.before_server = lambda each: None

    assert at(cloud, LATER + MINUTE)
    assert not at(cloud, LATER + 2 * MINUTE)


def make_due_for_all(cloud: Listing) -> None:
    Cloud.objects.filter(name=cloud.name).update(full_scan_asked=True)


def test_who_asks_for_a_reading_gets_a_full_scan(cloud: Listing, settings: Any) -> None:
    settings.NOVAWEB_CLOUDS = ["one"]
    at(cloud, NOON)
    make_due()

    assert at(cloud, LATER)
    assert not at(cloud, LATER + MINUTE)


def test_who_asks_during_a_full_scan_gets_another(
    cloud: Listing, settings: Any
) -> None:
    settings.NOVAWEB_CLOUDS = ["one"]

    def ask(each: interfaces.Server) -> None:
        make_due()

    cloud.before_server = ask
    assert at(cloud, NOON)
    cloud.before_server = lambda each: None

    assert at(cloud, LATER)


@pytest.mark.parametrize(
    ("moment", "whole"),
    [
        (NOON + 60 * MINUTE, False),
        (NOON + 61 * MINUTE, True),  # too long a gap
        (NOON - MINUTE, True),  # the clock was set back
    ],
)
def test_what_changed_is_not_trusted_after_a_gap(
    cloud: Listing, moment: datetime, whole: bool
) -> None:
    at(cloud, NOON)

    assert at(cloud, moment) is whole


def test_it_is_read_whole_once_every_night(cloud: Listing, settings: Any) -> None:
    settings.NOVAWEB_FULL_SCAN_HOUR = 3
    evening = NOON.replace(hour=0)
    at(cloud, evening)
    scans = [
        minutes
        for minutes in range(30, 10 * 60, 30)
        if at(cloud, evening + minutes * MINUTE)
    ]

    assert scans == [3 * 60]


def test_a_cell_that_was_down_is_read_whole_when_it_is_back(cloud: Listing) -> None:
    at(cloud, NOON)
    silent = cloud.hosts.pop(0)
    assert not at(cloud, LATER)
    assert Hypervisor.objects.get(host="compute-30").seen_at == NOON
    assert sorted(hosts()) == ["db", "web"]
    assert not at(cloud, LATER + MINUTE)
    # it moved while its cell told nobody, and nothing has changed since
    cloud.hosts.insert(0, silent)
    cloud.listed[0] = replace(cloud.listed[0], host="compute-31")

    assert at(cloud, LATER + 2 * MINUTE)
    assert hosts() == {"web": "compute-31", "db": "compute-31"}
    assert not at(cloud, LATER + 3 * MINUTE)


def test_a_refresh_since_then_is_not_undone_by_what_changed_before(
    cloud: Listing,
) -> None:
    at(cloud, NOON)
    Instance.objects.filter(name="web").update(
        host="compute-31", seen_at=LATER + MINUTE
    )
    cloud.changed = [cloud.listed[0], replace(cloud.listed[0], status="DELETED")]

    at(cloud, LATER)

    assert hosts()["web"] == "compute-31"

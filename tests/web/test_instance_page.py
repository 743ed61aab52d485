"""The page of an instance: what the copy of the cloud knows of it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from migrations_app.models import NovaMigration, ServerGroup
from tests import factories

pytestmark = pytest.mark.django_db
GROUP = "6a1f0c1e-9d2b-4c58-8a01-5b0c2f7e4d11"


def test_it_names_the_server_group_and_where_its_other_members_are(
    auditor: Client,
) -> None:
    now = timezone.now()
    one = factories.instance("web-01", group=GROUP, pinned_zone="OS1")
    other = factories.instance("web-02", group=GROUP, host="compute-31")
    ServerGroup.objects.create(
        cloud=one.cloud, uuid=GROUP, name="web", policy="anti-affinity", seen_at=now
    )

    page = auditor.get(f"/instances/{one.uuid}/").content.decode()

    assert "web (anti-affinity)" in page
    assert f'<a href="/instances/{other.uuid}/">web-02</a> on compute-31' in page
    assert "must stay in OS1" in page


def test_it_shows_novas_own_records_of_its_moves(auditor: Client) -> None:
    one = factories.instance("web-01")
    NovaMigration.objects.create(
        cloud=one.cloud,
        number=812,
        uuid=GROUP,
        instance=one.uuid,
        type="live-migration",
        status="running",
        source="compute-30",
        created_at=timezone.now(),
    )

    page = auditor.get(f"/instances/{one.uuid}/").content.decode()

    assert "live-migration: compute-30" in page
    assert "not chosen yet" in page
    assert "number 812" in page


def test_it_shows_addresses_image_and_volumes(auditor: Client) -> None:
    one = factories.instance(
        "web-01",
        addresses=["10.0.0.5", "2001:db8::5"],
        image="11f0c1e0-9d2b-4c58-8a01-5b0c2f7e4d11",
        volumes=["22f0c1e0-9d2b-4c58-8a01-5b0c2f7e4d11"],
    )

    page = auditor.get(f"/instances/{one.uuid}/").content.decode()

    assert "10.0.0.5, 2001:db8::5" in page
    assert f"<code>{one.image}</code>" in page
    assert f"<code>{one.volumes[0]}</code>" in page


def test_where_nothing_is_known_it_says_so(auditor: Client) -> None:
    one = factories.instance("web-01")

    page = auditor.get(f"/instances/{one.uuid}/").content.decode()

    assert "Nova has no migration of this instance" in page
    assert "<dt>Server group</dt><dd>none</dd>" in page

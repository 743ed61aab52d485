"""The list of leaks, and those of one host on its page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from migrations_app.models import LeakLook
from tests import factories, leaked

pytestmark = pytest.mark.django_db


def test_each_leak_is_a_sentence_with_its_remedy(operator: Client) -> None:
    leaked.leak("compute-30", of=factories.cloud())
    leaked.leak("compute-31", "domain", of=factories.cloud())

    page = operator.get("/leaks/?host=compute-30").content.decode()

    assert "The port of &lt;b&gt;web-1&lt;/b&gt; is bound to compute-30." in page
    assert "binds it anew." in page
    assert "compute-31." not in page
    assert "compute-30." not in operator.get("/leaks/?kind=domain").content.decode()


def test_a_host_shows_its_own_leaks(operator: Client) -> None:
    factories.hypervisor("compute-30")
    leaked.leak("compute-30", of=factories.cloud())
    leaked.leak("compute-31", of=factories.cloud())

    page = operator.get("/hypervisors/compute-30/").content.decode()

    assert "is bound to compute-30." in page
    assert "is bound to compute-31." not in page


def test_it_says_where_looking_came_to_nothing(operator: Client) -> None:
    LeakLook.objects.create(
        cloud=factories.cloud(),
        host="compute-30",
        due_at=timezone.now(),
        trouble="It does not answer by SSH.",
    )

    page = operator.get("/leaks/").content.decode()

    assert "compute-30 was scanned only in part: It does not answer by SSH." in page
    assert "No host has been scanned yet" in page or "switched off" in page

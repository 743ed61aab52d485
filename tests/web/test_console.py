"""The console of an instance that was moved."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from migrations_app.errors import Conflict
from migrations_app.models import AuditEntry
from tests.cast import Cast
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.operator)
    return client


def test_an_operator_sees_the_last_lines_and_the_way_to_the_screen(
    cast: Cast, stage: Stage, operator: Client
) -> None:
    run = cast.run(stage)
    page = operator.post(reverse("run-console", args=[run.pk])).content.decode()
    assert "web login:" in page
    assert 'href="http://127.0.0.1:6080/' in page
    entry = AuditEntry.objects.get(verb="console.opened")
    assert (entry.actor_name, entry.instance_name) == ("operator", "web")


def test_it_says_why_there_is_no_screen(
    cast: Cast, stage: Stage, operator: Client
) -> None:
    run = cast.run(stage)
    stage.cloud.fail("console_url", Conflict("Nova has no such console."))
    answer = operator.post(reverse("run-console", args=[run.pk]))
    assert answer.status_code == 200
    assert "Nova has no such console." in answer.content.decode()


def test_others_are_not_shown_it(cast: Cast, stage: Stage) -> None:
    run = cast.run(stage)
    client = Client()
    client.force_login(cast.requester)
    answer = client.post(reverse("run-console", args=[run.pk]))
    assert answer.status_code == 403
    assert not AuditEntry.objects.filter(verb="console.opened").exists()

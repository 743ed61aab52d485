"""What an approver reads of a move by hand."""

from __future__ import annotations

import html

import pytest
from django.test import Client
from django.urls import reverse

from migrations_app.models import Run
from migrations_app.requests import start as request_start
from tests.cast import Cast
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_the_approver_sees_the_commands_and_the_sql(cast: Cast, stage: Stage) -> None:
    request = cast.ask(stage, procedure="manual")
    client = Client()
    client.force_login(cast.approver)
    page = client.get(reverse("request", args=[request.pk])).content.decode()
    words = html.unescape(page)
    assert "UPDATE instances SET host = 'compute-34'" in words
    assert f"virsh undefine --keep-nvram -- {stage.server}" in words
    assert "0 of 2 approvals" in words
    assert words.count("point of no return") == 1
    assert request.token in words


def test_it_takes_two_people(cast: Cast, stage: Stage) -> None:
    request = cast.approved(stage, procedure="manual")
    assert request.state == "requested"
    assert request_start.start_due(stage.time) == 0
    cast.approve(request, by=cast.second)
    assert request_start.start_due(stage.time) == 1
    assert Run.objects.get(request=request).steps.count() == len(request.plan)

"""Messages that wait, fail or were given up, in figures."""

from __future__ import annotations

import pytest
from django.utils import timezone

from migrations_app.models import Delivery
from migrations_app.web import metrics

pytestmark = pytest.mark.django_db


def test_messages_that_fail_are_counted() -> None:
    now = timezone.now()
    for number, (state, tries) in enumerate(
        [("waiting", 0), ("waiting", 2), ("given up", 7), ("delivered", 1)]
    ):
        Delivery.objects.create(
            token=f"msg_{number}",
            channel="mail",
            lane="mail",
            to="anna@example.org",
            event="held",
            state=state,
            tries=tries,
            made_at=now,
        )

    page = metrics.page().decode()

    for state, count in {"waiting": 2, "failing": 1, "given up": 1}.items():
        line = f'novaweb_deliveries{{channel="mail",state="{state}"}} {count}.0'
        assert line in page
    assert 'novaweb_deliveries{channel="webhook",state="waiting"} 0.0' in page
    assert 'novaweb_delivery_age_seconds{channel="mail"}' in page

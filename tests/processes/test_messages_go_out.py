"""Messages with real workers: each goes out, a slow webhook keeps nobody waiting."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from django.utils import timezone

from migrations_app.audit import recorder
from migrations_app.models import Delivery, Lane, Notice
from migrations_app.notifications import webhooks as notification_webhooks
from tests import factories
from tests.notifications.conftest import Listener, listener
from tests.processes.conftest import MakeSite
from tests.processes.site import until

__all__ = ["listener"]

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 12


def sent_to(there: Listener, path: str) -> list[str]:
    """Return the names of the messages that arrived there, in order."""
    return [got.headers["webhook-id"] for got in there.got if got.path == path]


def test_two_workers_deliver_and_a_death_of_both_loses_nothing(
    make_site: MakeSite, listener: Listener, tmp_path: Path
) -> None:
    site = make_site(
        NOVAWEB_CLOUDS="pretend",
        NOVAWEB_PRETEND_FILE=str(tmp_path / "pretend.sqlite3"),
        NOVAWEB_WEBHOOK_NETWORKS="127.0.0.0/8",
    )
    olga = factories.person("olga", "operator")
    slow = listener.url.replace("/hook", "/slow")
    for name, url in (("good", listener.url), ("slow", slow)):
        notification_webhooks.create(by=olga, name=name, url=url, events=["service"])
    workers = [site.work(), site.work()]
    for number in range(MANY):
        recorder.record(
            "service.disabled", about=recorder.CloudObject(source=f"compute-{number}")
        )

    until(lambda: len(sent_to(listener, "/hook")) >= MANY, "the good one gets all")
    # all that while the slow one had not answered once
    assert not Delivery.objects.filter(to="slow", state="delivered").exists()
    until(
        lambda: Delivery.objects.filter(to="good", state="delivered").count() == MANY,
        "all of it is noted",
    )
    assert set(Counter(sent_to(listener, "/hook")).values()) == {1}
    assert Notice.objects.filter(person=olga).count() == MANY

    for worker in workers:
        worker.kill()
        worker.wait()
    first = sent_to(listener, "/slow")[0]
    listener.go.set()
    # the time that the lease of the dead takes to lapse
    Lane.objects.update(lease_until=timezone.now())
    site.work()
    until(
        lambda: Delivery.objects.filter(to="slow", state="delivered").count() == MANY,
        "the slow one gets all, too",
    )

    again = sent_to(listener, "/slow")
    assert again.count(first) >= 2
    assert len(set(again)) == MANY

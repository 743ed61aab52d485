"""The procedure that disables hosts, on a real Nova, with workers that are killed.

Whatever dies when: every service ends as it began, and Nova was asked to migrate once.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from migrations_app.models import AuditEntry, Run
from migrations_app.models.states import RunState
from tests.integrations.adapters.clouds import LabPlace
from tests.processes.site import PATIENCE, Site, approved, run_of, until
from tests.processes.test_on_the_lab import (
    SOURCE,
    TARGET,
    asked,
    expect_completed,
    expect_there,
    place,
    site,
)

__all__ = ["place", "site"]
pytestmark = [
    pytest.mark.lab,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True),
]

OURS, AUTO = "compute-33", "compute-32"
Services = dict[str, tuple[bool, str | None]]


def services(place: LabPlace) -> Services:
    found = place.cloud.services()
    return {it.host: (it.enabled, it.disabled_reason) for it in found}


@pytest.fixture
def before(place: LabPlace) -> Iterator[Services]:
    """Two hosts are disabled: by an administrator, and as libvirt does it."""
    for host, reason in ((OURS, "Migrations only"), (AUTO, "AUTO: libvirt is gone")):
        service = place.cloud.service(host)
        place.cloud.set_service(service.id, enabled=False, reason=reason)
    try:
        yield services(place)
    finally:
        for service in place.cloud.services():
            if not service.enabled:
                place.cloud.set_service(service.id, enabled=True)


@pytest.mark.proves("cold-forced")
def test_it_moves_to_the_one_host_that_is_left(
    site: Site, place: LabPlace, before: Services
) -> None:
    server = place.boot(SOURCE)
    request = approved("lab", server, "cold_by_disabling", TARGET)
    assert not {OURS, AUTO} & set(request.facts["others"])
    site.work()
    until(lambda: services(place) != before, "hosts to be disabled")
    until(lambda: services(place) == before, "hosts to be enabled")
    expect_completed(request)
    expect_there(place, server, TARGET)
    assert asked(place, server) == ["migrate", "confirmResize"]
    assert services(place) == before
    assert place.cloud.hidden_hosts() == {OURS, AUTO}


# Of the other hosts one after the other is disabled, then one after the other enabled.
@pytest.mark.parametrize(
    "call, moment, number",
    [
        ("set_service", "after", 1),
        ("migrate", "before", 1),
        ("migrate", "after", 1),
        ("set_service", "before", -1),  # the last one that is enabled
    ],
)
def test_it_goes_on_after_sigkill_with_every_service_as_it_was(
    site: Site, place: LabPlace, before: Services, call: str, moment: str, number: int
) -> None:
    server = place.boot(SOURCE)
    request = approved("lab", server, "cold_by_disabling", TARGET)
    count = number if number > 0 else 2 * len(request.facts["others"])
    worker = site.work("tests.processes.dying_worker", call, moment, str(count))
    assert worker.wait(timeout=PATIENCE) == -signal.SIGKILL
    assert services(place) != before

    site.work()
    expect_completed(request)
    expect_there(place, server, TARGET)
    assert asked(place, server) == ["migrate", "confirmResize"]
    assert services(place) == before


def test_a_worker_enables_what_a_held_run_left_disabled(
    site: Site, place: LabPlace, before: Services
) -> None:
    server = place.boot(SOURCE)
    request = approved("lab", server, "cold_by_disabling", TARGET)
    worker = site.work("tests.processes.dying_worker", "migrate", "before")
    assert worker.wait(timeout=PATIENCE) == -signal.SIGKILL
    held: dict[str, Any] = {"state": RunState.HELD, "look_again_at": None}
    Run.objects.filter(pk=run_of(request).pk).update(lease="", **held)

    site.work()
    until(lambda: services(place) == before, "hosts to be enabled")
    entry = until(
        lambda: AuditEntry.objects.filter(verb="run.restored").first(), "the entry"
    )
    assert "although its run is held" in entry.note
    assert place.cloud.server(server).host == SOURCE
    assert asked(place, server) == []

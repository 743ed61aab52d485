"""Guests on real hypervisors, moved to where the scheduler or a disabled rest leads."""

from __future__ import annotations

import pytest

from tests.processes.hypervisors import Hypervisors
from tests.processes.site import Site, approved
from tests.processes.test_on_hypervisors import (
    FILES,
    expect_only_there,
    hypervisors,
    place,
    site,
)
from tests.processes.test_on_the_lab import expect_completed

__all__ = ["hypervisors", "place", "site"]
pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]


def moved(
    site: Site, hypervisors: Hypervisors, procedure: str, target: str | None
) -> int:
    """Move a guest, which finds all that is its own; return its number of boots."""
    server = hypervisors.boot(hypervisors.names[0])
    site.work()
    before = hypervisors.ticks(server)[-1]
    expect_completed(approved("lab", server, procedure, target))
    host = str(hypervisors.place.cloud.server(server).host)
    assert host in hypervisors.names[1:]
    expect_only_there(hypervisors, server, target or host, *FILES)
    return hypervisors.later(server, before).boot


@pytest.mark.proves("live-scheduled", layout="local")
def test_a_guest_is_moved_live_to_where_the_scheduler_leads(
    site: Site, hypervisors: Hypervisors
) -> None:
    assert moved(site, hypervisors, "live", None) == 1


@pytest.mark.proves("cold-scheduled", layout="local")
def test_a_guest_is_moved_cold_to_where_the_scheduler_leads(
    site: Site, hypervisors: Hypervisors
) -> None:
    assert moved(site, hypervisors, "cold", None) == 2


@pytest.mark.alone
@pytest.mark.proves("cold-forced", layout="local")
def test_a_guest_is_moved_cold_to_the_one_host_that_is_not_disabled(
    site: Site, hypervisors: Hypervisors
) -> None:
    target = hypervisors.names[2]
    assert moved(site, hypervisors, "cold_by_disabling", target) == 2
    assert hypervisors.place.cloud.hidden_hosts() == frozenset()

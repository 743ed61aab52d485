"""A host is emptied on a real Nova, with a worker that is killed in the middle of it.

Nova's own instance actions are the witness that each move was asked for once.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from migrations_app.drains import actions as drain_actions
from migrations_app.inventory.sync import sync
from migrations_app.models import Drain
from migrations_app.procedures.steps.disabled_reason import drain_token
from tests.integrations.adapters.clouds import LabPlace
from tests.processes.site import Site, person, until
from tests.processes.test_on_the_lab import asked, place, site

__all__ = ["place", "site"]
pytestmark = [
    pytest.mark.lab,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True),
]

SOURCE, OTHER = "compute-31", "compute-32"


@pytest.fixture
def every_host_enabled(place: LabPlace) -> Iterator[None]:
    try:
        yield
    finally:
        for service in place.cloud.services():
            if not service.enabled:
                place.cloud.set_service(service.id, enabled=True)


def approved(hosts: list[str], **fields: Any) -> Drain:
    drain = drain_actions.ask(
        by=person("operator"),
        hosts=hosts,
        reason="New memory is put in.",
        cloud="lab",
        **fields,
    )

    def planned() -> bool:
        drain.refresh_from_db()
        return drain.state != "planning"

    until(planned, "the drain to be planned")
    assert drain.state == "requested", drain.why
    for number in range(9):
        if drain.state != "requested":
            break
        drain = drain_actions.approve(
            drain.pk,
            by=person("approver", f"approver-{number}"),
            plan_digest=drain.plan_digest,
            note="Fine.",
        )
    return drain


def test_it_empties_a_host_although_a_worker_is_killed(
    site: Site, place: LabPlace, every_host_enabled: None
) -> None:
    apart = place.group("anti-affinity")
    servers = [place.boot(SOURCE) for _ in range(2)]
    servers.append(place.boot(SOURCE, group=apart))
    mate = place.boot(OTHER, group=apart)
    off = place.boot(SOURCE)
    place.cloud.stop(off)
    place.until(lambda: place.cloud.server(off).status == "SHUTOFF")
    assert sync("lab", place.cloud, now=timezone.now()).trouble == ""

    worker = site.work()
    drain = approved([SOURCE], afterwards="enable")
    # of what others left there nothing is ours to judge
    moves = drain.moves.filter(instance__in=[*servers, off])
    assert moves.count() == 4

    until(lambda: moves.filter(state="running").exists(), "a move to begin")
    assert drain_token(place.cloud.service(SOURCE)) == drain.token
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    site.work()

    def over() -> bool:
        drain.refresh_from_db()
        return drain.ended_at is not None

    until(over, "the drain to be over")
    assert {(move.state, move.why) for move in moves} == {("completed", "")}
    at = {it: place.cloud.server(it).host for it in [*servers, off, mate]}
    assert SOURCE not in at.values()
    assert at[servers[-1]] != at[mate] == OTHER
    assert place.cloud.server(off).status == "SHUTOFF"
    for server in servers:
        assert asked(place, server) == ["live-migration"]
    assert asked(place, off) == ["migrate", "confirmResize"]
    assert place.cloud.service(SOURCE).enabled

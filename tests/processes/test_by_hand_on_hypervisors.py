"""The move by hand on real hypervisors with real disks, there and back.

The guest counts on its console and keeps its boots on its disk.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.processes.field import (
    FOLDER,
    SLOW,
    Field,
    expect_completed,
    field,
    hypervisors,
    off,
    place,
)
from tests.processes.hypervisors import Hypervisors

__all__ = ["field", "hypervisors", "off", "place"]
pytestmark = [
    pytest.mark.lab,
    pytest.mark.proves("manual", layout="local"),
    pytest.mark.django_db(transaction=True),
]

DISKS = ("disk", "disk.config")


def test_a_running_guest_goes_there_and_back_with_its_disk_and_its_config_drive(
    hypervisors: Hypervisors, field: Callable[[str], Field]
) -> None:
    source, target = hypervisors.names[:2]
    server = hypervisors.boot(source, config_drive=True)
    it = field(server)
    it.site.work()
    drive = hypervisors.sums(source, server, "disk.config")
    for here, there in ((source, target), (target, source)):
        last = hypervisors.ticks(server)[-1]
        request = it.move(there)
        expect_completed(request)
        it.expect_there(there, request, "ACTIVE", aside=here)
        now = hypervisors.later(server, last)
        assert now.boot == last.boot + 1
        boot, tick = hypervisors.said_of_its_disk(server)
        assert (boot, tick >= last.tick) == (last.boot, True)
        assert hypervisors.sums(there, server, "disk.config") == drive
        hypervisors.run(here, f"rm -rf {FOLDER}/{server}.novaweb-{request.token}")


def test_a_guest_that_is_off_keeps_every_bit(
    hypervisors: Hypervisors, off: str, field: Callable[[str], Field]
) -> None:
    it = field(off)
    source, target = it.host, it.elsewhere
    before = hypervisors.sums(source, off, *DISKS)
    it.site.work()
    request = it.move(target)
    expect_completed(request)
    it.expect_there(target, request, "SHUTOFF", aside=source)
    assert hypervisors.sums(target, off, *DISKS) == before


def test_a_worker_killed_in_mid_copy_and_its_connection_cut_lose_nothing(
    hypervisors: Hypervisors, off: str, field: Callable[[str], Field]
) -> None:
    it = field(off)
    source, target = it.host, it.elsewhere
    before = hypervisors.sums(source, off, *DISKS)
    worker = it.site.work()
    request = it.move(target, bandwidth=SLOW)
    it.during(request, "copy_rest")
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    # and what the worker had started loses its connection to the target
    # (of this guest: other tests copy theirs between these hosts)
    hypervisors.run(source, f"pkill -f '[s]sh .*{target} rsync .*{off}' || true")
    it.site.work()
    expect_completed(request)
    it.expect_there(target, request, "SHUTOFF", aside=source)
    assert hypervisors.sums(target, off, *DISKS) == before

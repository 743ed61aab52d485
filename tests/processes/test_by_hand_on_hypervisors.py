"""The move by hand on real hypervisors with real disks, there and back.

The guest counts on its console and keeps its boots on its disk.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

import pytest

from migrations_app.models import MigrationRequest
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
from tests.processes.site import run_of

__all__ = ["field", "hypervisors", "off", "place"]
pytestmark = [
    pytest.mark.lab,
    pytest.mark.proves("manual", layout="local"),
    pytest.mark.django_db(transaction=True),
]

DISKS = ("disk", "disk.config")
MOST_MIB = 8.0


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
        expect_only_changes_copied(hypervisors, request, here, there)
        now = hypervisors.later(server, last)
        assert now.boot == last.boot + 1
        boot, tick = hypervisors.said_of_its_disk(server)
        assert (boot, tick >= last.tick) == (last.boot, True)
        assert hypervisors.sums(there, server, "disk.config") == drive
        hypervisors.run(here, f"rm -rf {FOLDER}/{server}.novaweb-{request.token}")


def expect_only_changes_copied(
    hypervisors: Hypervisors, request: MigrationRequest, here: str, there: str
) -> None:
    """QEMU tracked what the guest wrote; all else was proven to be the same.

    Nothing of that is left: no bitmap on either host, and no checkpoint.
    """
    lines = run_of(request).lines
    assert not lines.filter(text__contains="All of a disk was compared").exists()
    line = lines.get(text__contains="only what was written since was copied")
    copied = re.search(r"copied: ([\d.]+) (KiB|MiB)", line.text)
    assert copied is not None, line.text
    # the guest writes some sectors each second; the rest is QEMU's own tables
    assert copied[2] == "KiB" or float(copied[1]) < MOST_MIB, line.text
    server = request.instance
    aside = f"{FOLDER}/{server}.novaweb-{request.token}"
    for host, folder in ((here, aside), (there, f"{FOLDER}/{server}")):
        said = hypervisors.run(
            host, f"qemu-img info -U -f qcow2 --output=json {folder}/disk"
        )
        assert '"bitmaps"' not in said
    nodes = '{"execute":"query-named-block-nodes"}'
    said = hypervisors.run(there, f"virsh qemu-monitor-command {server} '{nodes}'")
    assert "novaweb-" not in said
    kept = hypervisors.run(there, f"virsh checkpoint-list --name {server}")
    assert kept.split() == []


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

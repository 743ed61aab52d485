"""Where a host has no time to read something, that is not taken for nothing there."""

from __future__ import annotations

import pytest

from migrations_app.errors import Unreachable
from tests.integrations.host_commands.stand_in import Host

pytestmark = pytest.mark.server

# what ``timeout`` says of a tool that had no time to end
NO_TIME = """#!/bin/sh
case "$*" in *{tool}*) exit 124 ;; esac
shift
exec "$@"
"""


def test_a_host_that_has_no_time_to_read_a_disk_is_not_read(host: Host) -> None:
    """A disk that is not known to stand on another would be moved without it."""
    host.boot()
    host.tool("timeout", NO_TIME.format(tool="qemu-img"))
    with pytest.raises(Unreachable, match="took too long to read the headers of disks"):
        host.guest()


def test_a_host_that_has_no_time_to_read_its_options_is_not_read(host: Host) -> None:
    host.tool("timeout", NO_TIME.format(tool="awk"))
    with pytest.raises(Unreachable, match=r"took too long to read nova\.conf"):
        host.says()


def test_a_backing_file_that_cannot_be_read_is_named(host: Host) -> None:
    host.boot()
    below = f"{host.instances}/_base/b"
    tool = (host.root / "bin" / "qemu-img").read_text(encoding="utf-8")
    fails = f'case "$*" in *{below}*) exit 1 ;; esac'
    host.tool("qemu-img", tool.replace("#!/bin/sh", f"#!/bin/sh\n{fails}"))
    found = host.guest()
    assert found is not None
    assert [disk.unread for disk in found.disks] == [below, "", ""]

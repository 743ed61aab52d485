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
    with pytest.raises(Unreachable, match=rf"took too long to read {host.folder}/disk"):
        host.guest()


def test_a_host_that_has_no_time_to_read_its_options_is_not_read(host: Host) -> None:
    host.tool("timeout", NO_TIME.format(tool="awk"))
    with pytest.raises(Unreachable, match=r"took too long to read nova\.conf"):
        host.says()

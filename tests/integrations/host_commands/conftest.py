"""A host on which the commands are tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integrations.host_commands.stand_in import Host, running
from tests.integrations.host_commands.two_folders import Hosts, two_folders


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with running(tmp_path) as host:
        yield host


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return two_folders(tmp_path)

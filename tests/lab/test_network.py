"""The bridge of a lab, in whatever network namespace the lab is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TWICE = """
import os, socket
from lab.hypervisors import network
from lab.settings import from_environment

settings = from_environment(os.environ)
for _ in range(2):
    network.make_bridge(settings)
    network.make_bridge(settings)
    assert settings.bridge in [name for _, name in socket.if_nameindex()]
    network.remove(settings)
    assert settings.bridge not in [name for _, name in socket.if_nameindex()]
"""


def test_it_is_made_and_removed_in_a_namespace_that_sys_does_not_show(
    tmp_path: Path,
) -> None:
    if subprocess.run(["unshare", "--net", "true"], check=False).returncode:
        pytest.skip("no network namespace can be made here")
    given = {"NOVAWEB_LAB_NAME": "bridged", "NOVAWEB_LAB_PREFIX": str(tmp_path)}
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", TWICE],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

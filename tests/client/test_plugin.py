"""What the `openstack` command makes of the plugin, with its wheel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.server

# Each command's own options, and those that openstack itself looks for among them.
OPTIONS = """
import json
from importlib.metadata import entry_points
from openstackclient.shell import OpenStackShell
shell = OpenStackShell()
own = {
    entry.name: list(entry.load()(shell, None).get_parser("x")._option_string_actions)
    for entry in entry_points(group="openstack.move.v1")
}
print(json.dumps([list(shell.parser._option_string_actions), own]))
"""


def test_no_option_is_taken_for_the_beginning_of_one_of_openstacks_own(
    installed: Path, tmp_path: Path
) -> None:
    """It looks through the whole command line first: --verb would mean --verbose."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OPTIONS],
        env={**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(installed)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    openstacks, own = json.loads(done.stdout)
    assert "--novaweb-url" in openstacks
    assert len(own) == 15
    assert [
        (command, option)
        for command, options in own.items()
        for option in options
        if option not in ("-h", "--help")
        and any(other.startswith(option) for other in openstacks)
    ] == []

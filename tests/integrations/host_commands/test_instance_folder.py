"""What is done to an instance's folder, by a real shell with a stand-in virsh."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from migrations_app.integrations.host_commands import instance_folder
from migrations_app.integrations.interfaces import Command, Move

SERVER = "5f0c1d7e-0000-4000-8000-000000000001"
SILENT = "#!/bin/sh\necho 'error: failed to connect to the hypervisor' >&2\nexit 1\n"
NO_DOMAIN = "#!/bin/sh\n"


def run(
    folder: Path, act: Callable[[Move], Command], virsh: str
) -> subprocess.CompletedProcess[str]:
    """Run what is done on a host that has the instance's folder and this virsh."""
    (folder / "bin").mkdir()
    tool = folder / "bin" / "virsh"
    tool.write_text(virsh, encoding="ascii")
    tool.chmod(0o755)
    (folder / "instances" / SERVER).mkdir(parents=True)
    facts = {"instances": str(folder / "instances"), "bases": []}
    move = Move(SERVER, "web", "a", "b", token="0badcafe", facts=facts)
    return subprocess.run(
        ["sh", "-eu", "-c", act(move).text],
        env={**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


# the domain would stay, and its guest could be started without its disks
@pytest.mark.parametrize("act", [instance_folder.retire, instance_folder.unplace])
def test_a_silent_libvirt_is_not_taken_for_one_without_the_domain(
    tmp_path: Path, act: Callable[[Move], Command]
) -> None:
    done = run(tmp_path, act, SILENT)
    assert done.returncode == 1
    assert "failed to connect" in done.stderr
    assert (tmp_path / "instances" / SERVER).exists()


@pytest.mark.parametrize("act", [instance_folder.retire, instance_folder.unplace])
def test_a_folder_without_a_domain_is_set_aside(
    tmp_path: Path, act: Callable[[Move], Command]
) -> None:
    done = run(tmp_path, act, NO_DOMAIN)
    assert done.returncode == 0, done.stderr
    names = [path.name for path in (tmp_path / "instances").iterdir()]
    assert names == [f"{SERVER}.novaweb-0badcafe"]

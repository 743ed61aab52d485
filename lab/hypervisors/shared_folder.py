"""One folder of instances that some of the hosts share.

Each of them has it through a file system of its own in user space, which has a name
that libvirt takes for shared storage: a bare bind mount it would refuse to migrate on
("Migration without shared storage is unsafe", libvirt 9.0, qemuMigrationSrcIsSafe).
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from lab import processes, services
from lab.hypervisors import accounts, folders
from lab.hypervisors.enter import enter
from lab.progress import LabError
from lab.services import Service
from lab.settings import Settings

KIND = "glusterfs"  # of what libvirt knows, the one that a FUSE mount can be


def every(settings: Settings) -> tuple[Service, ...]:
    """Return what shows the folder to each of the hosts that share it."""
    source = _source(settings)
    options = f"subtype={KIND},fsname=storage:/instances,allow_other"
    return tuple(
        Service(
            name=f"storage-{host}",
            argv=(
                *enter(settings, host),
                *("bindfs", "-f", "-o", options),
                *(source, settings.laid_out.instances),
            ),
        )
        for host in folders.shared_by(settings)
    )


def start(settings: Settings) -> None:
    """The folder is there, and mounted in each of those hosts."""
    hosts = folders.shared_by(settings)
    if not hosts:
        return
    source, who = _source(settings), accounts.of(settings, hosts[0])
    source.mkdir(parents=True, exist_ok=True)
    os.chown(source, who.nova_id, who.nova_group)
    services.start(settings, every(settings))
    for host in hosts:
        _wait(settings, host)


def _wait(settings: Settings, host: str) -> None:
    deadline = time.monotonic() + 30
    ask = ["findmnt", "-n", "-t", f"fuse.{KIND}", settings.laid_out.instances]
    command = [*enter(settings, host), *ask]
    while subprocess.run(command, capture_output=True, check=False).returncode:
        ended = processes.running(settings, f"storage-{host}") is None
        if ended or time.monotonic() > deadline:
            log = settings.run / f"storage-{host}.log"
            raise LabError(f"{host} has not got the shared folder: see {log}")
        time.sleep(0.1)


def _source(settings: Settings) -> Path:
    return settings.root / "shared/instances"

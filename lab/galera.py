"""The words that make a lab's two MariaDBs one Galera group.

The first begins it and has two votes: it goes on without the second, which begins with
a copy of its data.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from lab import processes
from lab.progress import LabError
from lab.settings import Settings

PROVIDER = "/usr/lib/galera/libgalera_smm.so"  # Debian's and Ubuntu's galera-4
FIRST, SECOND = "mariadb", "mariadb-2"
# ports of a node from its first: the group's, and two for copies of data
CHANGES, COPY, NODE = 1, 2, 3
PATIENCE = 120.0  # seconds


def words(settings: Settings, name: str) -> tuple[str, ...]:
    """Return what a node of that name is told besides."""
    first = name == FIRST
    port = settings.port("galera") + (0 if first else NODE)
    address = settings.address
    options = (
        f"base_host={address}",
        f"base_port={port}",
        f"gmcast.listen_addr=tcp://{address}:{port}",
        f"ist.recv_addr={address}:{port + CHANGES}",
        "gcache.size=32M",
        "pc.recovery=no",
        f"pc.weight={2 if first else 1}",
    )
    peer = "" if first else f"{address}:{settings.port('galera')}"
    return (
        "--wsrep-on=ON",
        f"--wsrep-provider={PROVIDER}",
        f"--wsrep-provider-options={';'.join(options)}",
        f"--wsrep-cluster-name=novaweb-{settings.name}",
        f"--wsrep-cluster-address=gcomm://{peer}",
        f"--wsrep-node-name={name}",
        f"--wsrep-node-address={address}:{port}",
        "--wsrep-sst-method=rsync",
        f"--wsrep-sst-receive-address={address}:{port + COPY}",
        "--binlog-format=ROW",
        "--innodb-autoinc-lock-mode=2",
        *(["--wsrep-new-cluster"] if first else []),
    )


def forget(settings: Settings) -> None:
    """Let the first node begin a group, whoever was the last to leave one."""
    for name in ("grastate.dat", "gvwstate.dat"):
        (data(settings, FIRST) / name).unlink(missing_ok=True)


def wait(settings: Settings, name: str) -> None:
    """Return once the node takes statements, which is after it listens.

    Raises LabError, naming its log, if it does not.
    """
    local = f"--socket={data(settings, name) / settings.mysql_socket.name}"
    ask = ["mariadb", "--no-defaults", "-uroot", "--skip-column-names", local]
    ask += ["--execute", "SHOW STATUS LIKE 'wsrep_ready'"]
    deadline = time.monotonic() + PATIENCE
    while b"ON" not in subprocess.run(ask, capture_output=True, check=False).stdout:
        if processes.running(settings, name) is None or time.monotonic() > deadline:
            log = settings.run / f"{name}.log"
            raise LabError(f"{name} is not ready in its Galera group: see {log}")
        time.sleep(0.1)


def data(settings: Settings, name: str) -> Path:
    """Return the folder of a node's data."""
    return settings.state / ("mysql" if name == FIRST else "mysql-2")

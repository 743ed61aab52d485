"""A Galera cluster of two nodes on loopback, whose database is Nova's.

The second node has two votes and the first one: whichever of them goes, one knows of
the survivor whether it goes on. None of them needs what copies data from node to node:
both begin with the same.
"""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.free_port import free_port
from tests.frozen import freeze
from tests.integrations.adapters.mariadb import MariaDb

PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")
PATIENCE = 90.0  # seconds
# What a joining node calls: it and its donor say which state the common data are of.
SAME = """\
#!/bin/sh
state=$(cat {folder}/state)
case $2 in
joiner) echo "ready 127.0.0.1"; echo "$state" ;;
donor) echo "done $state" ;;
esac
"""


class Node(MariaDb):
    """One node; ``votes`` count when the group breaks."""

    def __init__(self, folder: Path, *, votes: int, like: Path | None = None) -> None:
        folder.mkdir()
        super().__init__(folder, like=like)
        self.votes = votes
        self.group_port = free_port()
        self.environment["PATH"] = f"{folder.parent}:{self.environment['PATH']}"

    def join(self, *others: Node) -> None:
        """It is in a group with the others, or begins one, and takes changes."""
        where = f"127.0.0.1:{self.group_port}"
        options = (
            f"base_host=127.0.0.1;base_port={self.group_port}",
            f"gmcast.listen_addr=tcp://{where}",
            f"ist.recv_addr=127.0.0.1:{free_port()}",
            # a busy machine must not break the group: twice what is usual
            "evs.suspect_timeout=PT10S;evs.inactive_timeout=PT30S",
            "evs.install_timeout=PT15S",
            f"gcache.size=4M;pc.recovery=no;pc.weight={self.votes}",
        )
        peers = ",".join(f"127.0.0.1:{other.group_port}" for other in others)
        self.start(
            "--wsrep-on=ON",
            f"--wsrep-provider={PROVIDER}",
            f"--wsrep-provider-options={';'.join(options)}",
            "--wsrep-cluster-name=novaweb-tests",
            f"--wsrep-cluster-address=gcomm://{peers}",
            f"--wsrep-node-name={self.folder.name}",
            f"--wsrep-node-address={where}",
            "--wsrep-sst-method=same",
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2",
            *([] if others else ["--wsrep-new-cluster"]),
        )
        self.until("wsrep_ready", "ON")

    def status(self, name: str) -> str:
        found = self.run("SHOW STATUS LIKE %(name)s", values={"name": name})
        return str(found[0][1])

    def wait_for_others(self, seconds: int) -> None:
        """So long a question waits for what the others have changed."""
        # MariaDB 11.8 has a variable for each option, and refuses to set all in one
        name = "wsrep_provider_repl_causal_read_timeout"
        if self.run(f"SHOW GLOBAL VARIABLES LIKE '{name}'"):
            self.run(f"SET GLOBAL {name} = {seconds}")
            return
        option = f"repl.causal_read_timeout=PT{seconds}S"
        self.run(f"SET GLOBAL wsrep_provider_options = '{option}'")

    def until(self, name: str, value: str) -> None:
        """The node says so of itself, in time."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.status(name)) != value:
            assert time.monotonic() < deadline, f"{name} is {found}, not {value}"
            time.sleep(0.05)

    def pause(self) -> None:
        """It does nothing any more, and is not ended."""
        assert self.process is not None
        freeze(self.process.pid)

    def resume(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


class Pair:
    """Two nodes of a group, ``one`` and ``other``."""

    def __init__(self, folder: Path) -> None:
        if not PROVIDER.exists():
            pytest.skip("there is no Galera here: apt-get install galera-4")
        self.folder = folder
        self.template = folder / "template"
        self._prepare()
        self.count = 0
        self.whole = False
        self.one, self.other = self._nodes()

    def _prepare(self) -> None:
        """Data that have once been in a group, which gave them a name and a number."""
        script = self.folder / "wsrep_sst_same"
        script.write_text(SAME.format(folder=self.folder), encoding="utf-8")
        script.chmod(0o755)
        first = Node(self.folder / "first", votes=1)
        first.join()
        assert first.process is not None
        first.process.send_signal(signal.SIGTERM)
        first.process.wait(PATIENCE)
        said = dict(
            line.split()
            for line in (first.data / "grastate.dat").read_text().splitlines()
            if line.startswith(("uuid:", "seqno:", "safe_to_bootstrap:"))
        )
        state = f"{said['uuid:']}:{said['seqno:']}\n"
        (self.folder / "state").write_text(state, encoding="utf-8")
        first.data.rename(self.template)
        (self.template / "galera.cache").unlink()

    def _nodes(self) -> tuple[Node, Node]:
        self.count += 1
        names = (f"one-{self.count}", f"other-{self.count}")
        one, other = (
            Node(self.folder / name, votes=votes, like=self.template)
            for votes, name in enumerate(names, start=1)
        )
        return one, other

    def start(self) -> None:
        """Both are in one group. What broke before is forgotten, with its data."""
        if self.whole and self._is_one():
            return
        self.stop()
        self.one, self.other = self._nodes()
        self.one.join()
        self.other.join(self.one)
        self.one.until("wsrep_cluster_size", "2")
        self.whole = True

    def _is_one(self) -> bool:
        """Say whether the nodes still see each other: starved ones part."""
        wanted = {"wsrep_cluster_size": "2", "wsrep_ready": "ON"}
        return all(
            node.status(name) == value
            for node in (self.one, self.other)
            for name, value in wanted.items()
        )

    def stop(self) -> None:
        for node in (self.one, self.other):
            node.stop()
            shutil.rmtree(node.folder, ignore_errors=True)

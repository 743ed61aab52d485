"""What is on the pretend cloud's hosts: domains, folders and the copies of them.

``content`` stands for what is written on an instance's disks: it grows when its guest
has run, and two folders are the same when theirs is.
"""

from __future__ import annotations

from typing import Any

from pretend.records import Ledger
from pretend.store import Row

OFF, RUNNING = "shut off", "running"


class Metal(Ledger):
    """Hosts, as Nova leaves them behind."""

    def settle(self, at: float, server: Row, host: str) -> None:
        """Let the server be on the host, and its domain and folder with it."""
        super().settle(at, server, host)
        key = server["id"]
        if self.folder(key, key) is None:
            state = RUNNING if server["vm_state"] == "active" else OFF
            self.store.run(
                "INSERT OR REPLACE INTO domains VALUES (?, ?, ?)", key, host, state
            )
            self.store.run("INSERT INTO folders VALUES (?, ?, ?, 0, 0)", key, host, key)
            return
        self.store.run("DELETE FROM domains WHERE server_id = ?", key)
        state = RUNNING if server["power_state"] == 1 else OFF
        self.store.run("INSERT INTO domains VALUES (?, ?, ?)", key, host, state)
        self.store.run(
            "UPDATE folders SET host = ? WHERE server_id = ? AND name = ?",
            *(host, key, key),
        )

    def keep(self, server: Row, source: str) -> None:
        """Let the source keep the domain and the disks until the move is confirmed."""
        key = server["id"]
        folder = self.folder(key, key)
        if folder is not None:
            self.put(key, source, f"{key}_resize", folder["content"])
            sql = "INSERT OR REPLACE INTO domains VALUES (?, ?, ?)"
            self.store.run(sql, key, source, OFF)

    def drop_kept(self, server: Row, source: str) -> None:
        """Let the source have nothing of the server any more."""
        key = server["id"]
        self.store.run(
            "DELETE FROM folders WHERE server_id = ? AND name = ?", key, f"{key}_resize"
        )
        self.store.run(
            "DELETE FROM domains WHERE server_id = ? AND host = ?", key, source
        )

    def take_back(self, at: float, server: Row, source: str) -> None:
        """Let the server be on the source again, with the disks that it kept."""
        key = server["id"]
        kept = self.folder(key, f"{key}_resize")
        self.drop_kept(server, source)
        self.settle(at, server, source)
        if kept is not None:
            self.put(key, source, key, kept["content"])

    def folder(self, server_id: str, name: str, host: str | None = None) -> Row | None:
        """Return a folder of the server by its name, on that host or on any."""
        return self.store.row(
            "SELECT * FROM folders WHERE server_id = ? AND name = ?"
            " AND (host = ? OR ? IS NULL)",
            *(server_id, name, host, host),
        )

    def put(self, server_id: str, host: str, name: str, content: int) -> None:
        """Let there be a folder of that content on the host."""
        self.store.run(
            "DELETE FROM folders WHERE server_id = ? AND host = ? AND name = ?",
            *(server_id, host, name),
        )
        self.store.run(
            "INSERT INTO folders VALUES (?, ?, ?, ?, ?)",
            *(server_id, host, name, content, content),
        )

    def domain(self, server_id: str, host: str) -> str | None:
        """Return the state of the server's domain on that host; None for none."""
        found = self.store.row(
            "SELECT * FROM domains WHERE server_id = ? AND host = ?", server_id, host
        )
        return str(found["state"]) if found else None

    def power(self, server_id: str, host: str, state: str) -> None:
        """Let the domain be in that state; a guest that runs writes to its disks."""
        before = self.domain(server_id, host)
        self.store.run(
            "INSERT OR REPLACE INTO domains VALUES (?, ?, ?)", server_id, host, state
        )
        if RUNNING in {before, state}:
            self.write(server_id, host)

    def write(self, server_id: str, host: str) -> None:
        """Let something be written to the server's disks there."""
        self.store.run(
            "UPDATE folders SET content = content + 1"
            " WHERE server_id = ? AND host = ? AND name = ?",
            *(server_id, host, server_id),
        )

    # -- jobs ------------------------------------------------------------------
    def _on_job_ended(self, at: float, server: Row, **job: Any) -> None:
        """Let a job end as it was to end, and have copied what it was to copy."""
        row = self.store.row("SELECT * FROM jobs WHERE id = ?", job["id"])
        if row is None or row["status"] is not None:
            return
        if row["fated"] is None:
            self._copy(row, server)
        values = {"status": row["fated"] or 0, "err": row["fated_why"]}
        self.store.update("jobs", "id", row["id"], values)

    def _copy(self, job: Row, server: Row) -> None:
        key = server["id"]
        if job["name"] == "base":
            self.store.run("INSERT INTO bases VALUES (?, ?)", job["target"], key)
        elif job["name"] == "proof":
            return  # it only reads
        elif source := self.folder(key, key, job["host"]):
            beside = f"{key}.novaweb-{job['token']}"
            self.put(key, job["target"], beside, source["content"])

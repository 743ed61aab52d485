"""Copy speeds between the hosts of the pretend cloud."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from pretend.store import Row, Store

Words = Mapping[str, str]
LASTS = 3.0  # seconds
CONNECTING = 20_000_000  # nanoseconds
# What lines carry, in Mbit/s; each pair of hosts has one of these.
LINES = (940, 2350, 4700, 9400)


class Measured:
    """One part of the pretend hosts: host_commands/copy_speed.py runs on real ones."""

    _store: Store

    def _start_speed(self, host: str, words: Words) -> str:
        if self._measurement(host, words) is None:
            self._store.insert(
                "jobs",
                {
                    "host": host,
                    "token": words["token"],
                    "name": words["job"],
                    "server_id": words["mebibytes"],
                    "target": words["target"],
                    "began": self._store.now(),
                    "lasts": LASTS,
                    "content": 0,
                },
            )
        return ""

    def _look_speed(self, host: str, words: Words) -> str:
        job = self._measurement(host, words)
        if job is None:
            return "absent\n"
        if self._store.now() - job["began"] < job["lasts"]:
            return "running\n"
        target = job["target"]
        there = self._store.row("SELECT ssh FROM hosts WHERE host = ?", target)
        if there is None or not there["ssh"]:
            return f"ended 255\nerr ssh: connect to host {target}: timed out\n"
        pair = "\n".join(sorted((host, target))).encode()
        bits = int(job["server_id"]) * 2**20 * 8
        took = bits * 1000 // LINES[zlib.crc32(pair) % len(LINES)]
        return f"ended 0\nout little {CONNECTING}\nout data {CONNECTING + took}\n"

    def _forget_speed(self, host: str, words: Words) -> str:
        self._store.run(
            "DELETE FROM jobs WHERE host = ? AND token = ? AND name = ?",
            *(host, words["token"], words["job"]),
        )
        return ""

    def _measurement(self, host: str, words: Words) -> Row | None:
        return self._store.row(
            "SELECT * FROM jobs WHERE host = ? AND token = ? AND name = ?",
            *(host, words["token"], words["job"]),
        )

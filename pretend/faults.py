"""How things go wrong in the pretend cloud, and how often they were asked for."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from typing import Literal

from migrations_app import errors
from pretend.builder import Making
from pretend.host_disks import RUNNING

Moment = Literal["before", "after"]
LOST = -1000  # content of disks that are not those of the server


class Killed(BaseException):
    """The process died here: nothing may catch this, and no ``finally`` helped."""


class Levers(Making):
    """What nobody can do to a real cloud. It holds for all processes at once."""

    def down(self, down: bool = True) -> None:
        """Let no call be answered (Unreachable); Nova itself goes on with its work."""
        self.set(down=down)

    def lock_out(self, locked_out: bool = True) -> None:
        """Let our password be wrong (Refused)."""
        self.set(locked_out=locked_out)

    def slow(self, seconds: float) -> None:
        """Let every call take so long."""
        self.set(latency=seconds)

    def fail(
        self,
        call: str,
        error: errors.WorldError,
        *,
        times: int = 1,
        after: bool = False,
    ) -> None:
        """Raise ``error`` from the next calls, before or after they took effect."""
        moment: Moment = "after" if after else "before"
        self._plan(call, moment, type(error).__name__, error.sentence, times)

    def die(self, call: str, moment: Moment, *, hard: bool = False) -> None:
        """Raise Killed at the next call; ``hard``: SIGKILL the calling process."""
        self._plan(call, moment, "SIGKILL" if hard else "Killed", call, 1)

    def _plan(
        self, call: str, moment: Moment, error: str, sentence: str, times: int
    ) -> None:
        self._store.run(
            "INSERT INTO faults (call, moment, error, sentence, times)"
            " VALUES (?, ?, ?, ?, ?)",
            *(call, moment, error, sentence, times),
        )

    def spoil(
        self,
        server_id: str,
        moment: Literal["check", "transfer", "finish", "never", "start"],
        why: str = "The lab said so.",
    ) -> None:
        """Let the server's next move fail as Nova's moves fail.

        ``check``: the target refuses; back to where it was, the reason only in the
        events. ``transfer``: live: rolled back, no reason anywhere; cold: ERROR.
        ``finish``: ERROR on the target. ``never``: a live migration that ends only
        by abort or force-complete. ``start``: its next start leaves it SHUTOFF.
        """
        self.edit(server_id, spoiled=moment, spoiled_why=why)

    def strand(self, server_id: str, status: str, *, runs_on: str = "") -> None:
        """Let Nova end the record of the server's move so, and forget the server.

        ``runs_on`` is where its domain runs then; else it stays where it is.
        """
        with self._store.transaction():
            self._nova.catch_up()
            at = self._store.now()
            sql = "SELECT * FROM migrations WHERE server_id = ? ORDER BY id DESC"
            move = self._store.rows(sql, server_id)[0]
            self._nova.forget(move)
            self._nova.mark(move, at, status)
            if runs_on:
                sql = "DELETE FROM domains WHERE server_id = ?"
                self._store.run(sql, server_id)
                self._nova.power(server_id, runs_on, RUNNING)

    def begin_event(self, request_id: str, name: str) -> None:
        """Let an event of an action begin, and not end."""
        values = {"request_id": request_id, "name": name, "result": ""}
        self._store.insert("events", {**values, "started_at": self._store.now()})

    def spare(self, call: str) -> None:
        """Let nothing more happen to that call of what was planned for it."""
        self._store.run("DELETE FROM faults WHERE call = ?", call)

    def doom(self, job: str, status: int, complaint: str, *, times: int = 1) -> None:
        """Let the next jobs of that name on any host end so, having copied nothing."""
        for _ in range(times):
            sql = "INSERT INTO fates (job, status, sentence) VALUES (?, ?, ?)"
            self._store.run(sql, job, status, complaint)

    def cut_job(self, job: str) -> None:
        """Let a running job of that name end without a status, as in a power cut."""
        self._store.run(
            "UPDATE jobs SET lasts = -1, status = NULL, fated = NULL"
            " WHERE name = ? AND status IS NULL",
            job,
        )
        self._store.run("DELETE FROM due WHERE what = 'job_ended'")

    def write(self, server_id: str, host: str) -> None:
        """Let something be written to the server's disks on that host."""
        self._nova.write(server_id, host)

    def lose(self, server_id: str, host: str) -> None:
        """Let the server have new, empty disks on that host, under the old names."""
        self._nova.put(server_id, host, server_id, LOST)

    def litter(self, server_id: str, host: str) -> None:
        """Let there be a folder of the server on a host where it is not."""
        self._nova.put(server_id, host, server_id, -1)

    def clean(self, server_id: str, host: str) -> None:
        """Let there be no folder of the server on that host."""
        sql = "DELETE FROM folders WHERE server_id = ? AND host = ?"
        self._store.run(sql, server_id, host)

    def domains(self, server_id: str) -> dict[str, str]:
        """Return the server's domains: host -> virsh's word."""
        rows = self._store.rows("SELECT * FROM domains WHERE server_id = ?", server_id)
        return {row["host"]: row["state"] for row in rows}

    def bitmaps(self, server_id: str) -> list[tuple[str, str]]:
        """Return the dirty bitmaps of the server's disks: host, disk."""
        sql = "SELECT * FROM bitmaps WHERE server_id = ? ORDER BY disk"
        rows = self._store.rows(sql, server_id)
        return [(row["host"], row["disk"]) for row in rows]

    def folders(self, server_id: str) -> set[tuple[str, str, int]]:
        """Return the server's folders: host, name, and what is written in them."""
        rows = self._store.rows("SELECT * FROM folders WHERE server_id = ?", server_id)
        return {(row["host"], row["name"], row["content"]) for row in rows}

    @contextlib.contextmanager
    def _call(self, call: str, subject: str = "") -> Iterator[None]:
        """Wrap one call: what would have happened by now, troubles, counting."""
        self.calls[call, subject] += 1
        if latency := self._store.setting("latency"):
            time.sleep(latency)
        if self._store.setting("down"):
            raise errors.Unreachable(
                f"Cloud {self.name} does not answer. Look whether its endpoints run."
            )
        if self._store.setting("locked_out"):
            raise errors.Refused(
                f"Cloud {self.name} turned our account away (401): check the"
                f" credentials of cloud {self.name} in clouds.yaml."
            )
        self._trouble(call, "before")
        self._nova.catch_up()
        yield
        self._trouble(call, "after")

    def _trouble(self, call: str, moment: Moment) -> None:
        find = "SELECT * FROM faults WHERE call = ? AND moment = ? ORDER BY id LIMIT 1"
        if self._store.row(find, call, moment) is None:
            return
        with self._store.transaction():
            fault = self._store.row(find, call, moment)
            if fault is None:  # another process had it
                return
            self._store.run(
                "UPDATE faults SET times = times - 1 WHERE id = ?", fault["id"]
            )
            self._store.run("DELETE FROM faults WHERE times <= 0")
        if fault["error"] == "SIGKILL":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault["error"] == "Killed":
            raise Killed(call)
        raise getattr(errors, fault["error"])(fault["sentence"])

    def asked(self, call: str, subject: str | None = None) -> int:
        """Return how many such requests reached Nova, whatever it answered."""
        sql = "SELECT count(*) AS n FROM asked WHERE call = ? AND subject = ?"
        if subject is None:
            sql = "SELECT count(*) AS n FROM asked WHERE call = ? AND ? IS NULL"
        return int(self._store.rows(sql, call, subject)[0]["n"])

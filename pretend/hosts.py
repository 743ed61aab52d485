"""The compute hosts of the pretend cloud, as if they were entered by SSH.

Nothing is run: a command's name chooses the method here, and its words say about what.
The answers are written as the real commands write them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from migrations_app.errors import Blocked, Unreachable
from migrations_app.integrations.interfaces import Command
from pretend.copy_speed import Measured
from pretend.dirty_bitmaps import Tracking
from pretend.host_disks import OFF, RUNNING, Metal
from pretend.host_survey import Surveyed
from pretend.kept_disks import KeptDisks
from pretend.live_migration_logs import Told
from pretend.store import Row, Store

Words = Mapping[str, str]
Call = Callable[[str, str], AbstractContextManager[None]]
GIB = 1024**3


class Entered:
    """What all parts of the hosts stand on. A call counts as ``ssh.name[.job]``."""

    def __init__(self, store: Store, metal: Metal, call: Call) -> None:
        self._store = store
        self._metal = metal
        self._call = call

    def run(self, host: str, command: Command, *, timeout: float = 20.0) -> str:
        job = f".{command.words['job']}" if "job" in command.words else ""
        with self._call(f"ssh.{command.name}{job}", host):
            row = self._store.row("SELECT * FROM hosts WHERE host = ?", host)
            if row is None or not row["ssh"]:
                raise Unreachable(f"{host} does not answer by SSH. Look at its sshd.")
            with self._store.transaction():
                act = getattr(self, f"_{command.name}")
                return str(act(host, command.words))


class Copying(Entered):
    """Jobs: started detached, looked at, stopped."""

    def _start_job(self, host: str, words: Words) -> str:
        job = self._job(host, words)
        if job is not None and job["status"] is None and job["lasts"] >= 0:
            return ""
        self._forget(host, words)
        key = words["server_id"]
        lasts = self._store.setting("copy_seconds")
        fate = self._fate(words["job"])
        folder = self._metal.folder(key, key, host)
        if words["job"] == "last":  # it begins with that, too
            self._store.run("DELETE FROM bitmaps WHERE token = ?", words["token"])
        number = self._store.insert(
            "jobs",
            {
                "host": host,
                "token": words["token"],
                "name": words["job"],
                "server_id": key,
                "target": words["target"],
                "began": self._store.now(),
                "lasts": lasts if words["job"] != "last" else lasts / 3,
                "content": folder["content"] if folder else 0,
                "fated": fate["status"] if fate else None,
                "fated_why": fate["sentence"] if fate else None,
            },
        )
        at, call = self._store.now(), f"job.{words['job']}"
        self._store.run(
            "INSERT INTO asked (at, call, subject) VALUES (?, ?, ?)", at, call, key
        )
        server = self._store.rows("SELECT * FROM servers WHERE id = ?", key)[0]
        job = self._store.rows("SELECT * FROM jobs WHERE id = ?", number)[0]
        self._metal.after(job["lasts"], "job_ended", server, id=number)
        return ""

    def _look_job(self, host: str, words: Words) -> str:
        job = self._job(host, words)
        if job is None:
            return "absent\n"
        if job["lasts"] < 0:
            return "cut\n"
        if job["status"] is not None:
            complaint = f"err {job['err']}\n" if job["err"] else ""
            return f"ended {job['status']}\n{complaint}"
        share = (self._store.now() - job["began"]) / max(job["lasts"], 0.001)
        percent = min(99, int(100 * share))
        return f"running\nout   {percent * GIB // 100:,} {percent:3}%  100.00MB/s\n"

    def _stop_job(self, host: str, words: Words) -> str:
        job = self._job(host, words)
        if job is not None and job["status"] is None and job["lasts"] >= 0:
            self._store.update("jobs", "id", job["id"], {"status": 143})
        return ""

    def _job(self, host: str, words: Words) -> Row | None:
        return self._store.row(
            "SELECT * FROM jobs WHERE host = ? AND token = ? AND name = ?",
            *(host, words["token"], words["job"]),
        )

    def _forget(self, host: str, words: Words) -> None:
        self._store.run(
            "DELETE FROM jobs WHERE host = ? AND token = ? AND name = ?",
            *(host, words["token"], words["job"]),
        )

    def _fate(self, job: str) -> Row | None:
        """Return how the next job of that name is to fail, if it is (levers)."""
        fate = self._store.row("SELECT * FROM fates WHERE job = ? LIMIT 1", job)
        if fate is not None:
            self._store.run("DELETE FROM fates WHERE id = ?", fate["id"])
        return fate


class PretendHosts(Measured, Told, Tracking, Copying, KeptDisks, Surveyed):
    """``interfaces.Hosts`` over the pretend cloud's store."""

    def _census(self, host: str, words: Words) -> str:
        key, folder, beside = self._found(host, words)
        job = self._job(host, {**words, "job": "last"})
        changed = bool(folder and job and folder["content"] != job["content"])
        written = bool(folder and folder["content"] != folder["copied"])
        lines = {
            "domain": self._metal.domain(key, host) or "none",
            "folder": "yes" if folder else "no",
            "beside": "yes" if beside else "no",
            "changed": int(changed),
            "written": int(written),
            "free": 500 * GIB,
            "kept": "",
        }
        return "".join(f"{name} {value}\n" for name, value in lines.items())

    def _domains(self, host: str, words: Words) -> str:
        rows = self._store.rows("SELECT * FROM domains WHERE host = ?", host)
        keys = [row["server_id"] for row in rows]
        return "".join(f"{key} instance-{key[:8]}\n" for key in keys)

    def _domain_state(self, host: str, words: Words) -> str:
        return f"{self._metal.domain(words['server_id'], host) or 'none'}\n"

    def _place(self, host: str, words: Words) -> str:
        key, folder, beside = self._found(host, words)
        if folder is not None and beside is not None:
            raise Blocked(f"{host} says: there is a folder {key} already")
        if beside is not None:
            self._rename(beside, key)
        return ""

    def _unplace(self, host: str, words: Words) -> str:
        key, folder, _ = self._found(host, words)
        self._let_go(key, host)
        if folder is not None:
            self._rename(folder, self._beside(words))
        return ""

    def _retire(self, host: str, words: Words) -> str:
        return self._unplace(host, words)

    def _discard(self, host: str, words: Words) -> str:
        sql = "DELETE FROM jobs WHERE host = ? AND token = ?"
        self._store.run(sql, host, words["token"])
        _, _, beside = self._found(host, words)
        if beside is not None:
            self._store.run("DELETE FROM folders WHERE rowid = ?", beside["rowid"])
        return ""

    def _sweep(self, host: str, words: Words) -> str:
        return self._discard(host, words)

    def _found(self, host: str, words: Words) -> tuple[str, Row | None, Row | None]:
        key = words["server_id"]
        folder = self._folder(key, key, host)
        return key, folder, self._folder(key, self._beside(words), host)

    def _folder(self, key: str, name: str, host: str) -> Row | None:
        return self._store.row(
            "SELECT rowid, * FROM folders WHERE server_id = ? AND name = ?"
            " AND host = ?",
            *(key, name, host),
        )

    def _rename(self, folder: Row, name: str) -> None:
        self._store.run(
            "UPDATE folders SET name = ?, copied = content WHERE rowid = ?",
            *(name, folder["rowid"]),
        )

    def _let_go(self, key: str, host: str) -> None:
        state = self._metal.domain(key, host)
        if state not in {None, OFF}:
            raise Blocked(f"{host} says: the domain of {key} is {RUNNING} here")
        self._store.run(
            "DELETE FROM domains WHERE server_id = ? AND host = ?", key, host
        )

    @staticmethod
    def _beside(words: Words) -> str:
        return f"{words['server_id']}.novaweb-{words['token']}"

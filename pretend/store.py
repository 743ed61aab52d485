"""Where the pretend cloud keeps what it knows: one SQLite file for all processes.

Nothing here knows Nova. Times are seconds since the epoch, by the cloud's clock.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from migrations_app.errors import WorldError

Row = sqlite3.Row
Clock = Callable[[], datetime]
# Of parent processes: a connection that nothing refers to would be closed here.
_inherited: list[sqlite3.Connection] = []

# Counted up whenever the tables change.
EDITION = 4
SCHEMA = """
CREATE TABLE settings (key TEXT PRIMARY KEY, value REAL NOT NULL);
CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE hosts (
    host TEXT PRIMARY KEY, id TEXT NOT NULL, service_id TEXT NOT NULL UNIQUE,
    node TEXT NOT NULL, zone TEXT NOT NULL, aggregates TEXT NOT NULL,
    type TEXT NOT NULL, version INTEGER NOT NULL, inventory TEXT NOT NULL,
    enabled INTEGER NOT NULL, up INTEGER NOT NULL, forced_down INTEGER NOT NULL,
    disabled_reason TEXT, updated_at REAL NOT NULL, ssh INTEGER NOT NULL DEFAULT 1);
CREATE TABLE groups (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, policy TEXT NOT NULL,
    max_per_host INTEGER NOT NULL);
CREATE TABLE servers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, project_id TEXT NOT NULL,
    user_id TEXT NOT NULL, vm_state TEXT NOT NULL, task_state TEXT,
    power_state INTEGER NOT NULL, host TEXT, zone TEXT, pinned_zone TEXT,
    flavor TEXT NOT NULL, image TEXT, config_drive INTEGER NOT NULL,
    locked INTEGER NOT NULL, locked_reason TEXT, volumes TEXT NOT NULL,
    devices TEXT NOT NULL DEFAULT '{}', addresses TEXT NOT NULL DEFAULT '[]',
    fault TEXT, group_id TEXT, spoiled TEXT, spoiled_why TEXT,
    deleted INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL, updated_at REAL NOT NULL);
CREATE INDEX servers_by_name ON servers (name);
CREATE INDEX servers_by_group ON servers (group_id);
CREATE TABLE migrations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL,
    server_id TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,
    source TEXT NOT NULL, target TEXT, request_id TEXT NOT NULL,
    vm_state TEXT NOT NULL, block INTEGER NOT NULL DEFAULT 0, running_since REAL,
    created_at REAL NOT NULL, updated_at REAL NOT NULL);
CREATE INDEX migrations_by_server ON migrations (server_id);
CREATE INDEX migrations_by_source ON migrations (source, status);
CREATE TABLE allocations (
    consumer TEXT NOT NULL, host TEXT NOT NULL, resource TEXT NOT NULL,
    amount INTEGER NOT NULL);
CREATE INDEX allocations_by_consumer ON allocations (consumer);
CREATE INDEX allocations_by_host ON allocations (host, resource);
CREATE TABLE ports (
    id TEXT PRIMARY KEY, server_id TEXT NOT NULL, host TEXT, status TEXT NOT NULL,
    vnic_type TEXT NOT NULL);
CREATE INDEX ports_by_server ON ports (server_id);
CREATE TABLE actions (
    request_id TEXT PRIMARY KEY, server_id TEXT NOT NULL, name TEXT NOT NULL,
    user_id TEXT, started_at REAL NOT NULL, message TEXT);
CREATE INDEX actions_by_server ON actions (server_id);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, request_id TEXT NOT NULL, name TEXT NOT NULL,
    result TEXT NOT NULL, host TEXT, details TEXT,
    started_at REAL NOT NULL DEFAULT 0, finished_at REAL NOT NULL DEFAULT 0);
CREATE INDEX events_by_action ON events (request_id);
CREATE TABLE domains (
    server_id TEXT NOT NULL, host TEXT NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (server_id, host));
CREATE TABLE folders (
    server_id TEXT NOT NULL, host TEXT NOT NULL, name TEXT NOT NULL,
    content INTEGER NOT NULL, copied INTEGER NOT NULL);
CREATE INDEX folders_by_server ON folders (server_id);
CREATE TABLE bases (host TEXT NOT NULL, server_id TEXT NOT NULL);
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY, host TEXT NOT NULL, token TEXT NOT NULL,
    name TEXT NOT NULL, server_id TEXT NOT NULL, target TEXT NOT NULL,
    began REAL NOT NULL, lasts REAL NOT NULL, content INTEGER NOT NULL,
    status INTEGER, err TEXT, fated INTEGER, fated_why TEXT);
CREATE TABLE bitmaps (
    server_id TEXT NOT NULL, host TEXT NOT NULL, disk TEXT NOT NULL,
    token TEXT NOT NULL, PRIMARY KEY (server_id, host, disk, token));
CREATE TABLE fates (
    id INTEGER PRIMARY KEY, job TEXT NOT NULL, status INTEGER NOT NULL,
    sentence TEXT NOT NULL);
CREATE TABLE due (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, what TEXT NOT NULL,
    server_id TEXT NOT NULL, migration_id INTEGER, data TEXT NOT NULL);
CREATE INDEX due_by_time ON due (at, id);
CREATE TABLE asked (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, call TEXT NOT NULL,
    subject TEXT NOT NULL);
CREATE TABLE faults (
    id INTEGER PRIMARY KEY, call TEXT NOT NULL, moment TEXT NOT NULL,
    error TEXT NOT NULL, sentence TEXT NOT NULL, times INTEGER NOT NULL);
"""

# What may be turned while the cloud runs; seconds unless said otherwise.
DEFAULTS: dict[str, float] = {
    "live_seconds": 20.0,  # how long the copy of a live migration lasts
    "cold_seconds": 8.0,  # how long the copy of a cold migration lasts
    "copy_seconds": 6.0,  # how long a copy by hand lasts; its last pass a third
    "pause": 0.5,  # what Nova needs for everything that is quick
    "progress_seconds": 5.0,  # how often Nova saves the counters
    "max_concurrent_live_migrations": 1,  # for each source host
    "trait_seconds": 0,  # how long placement lags behind the disabling of a host
    "resize_confirm_window": 0,  # Nova confirms by itself after this; 0: never
    "release": 0,  # Nova's major version as its API tells it; 0: it does not
    "shared_storage": 0,  # 1: all hosts share their instances' folders
    "own_bases": 0,  # 1: each host's ephemeral and swap disks stand on other content
    "latency": 0,  # how long every call takes
    "down": 0,  # 1: no call is answered
    "locked_out": 0,  # 1: our password is wrong
}


def utcnow() -> datetime:
    """Return the time of day, aware of its zone."""
    return datetime.now(UTC)


class Store:
    """The tables. Safe for threads, for several processes, and after a fork."""

    def __init__(self, path: str | Path, clock: Clock = utcnow) -> None:
        """Open the file, making it when there is none; ":memory:" is private."""
        self.path = str(path)
        self.clock = clock
        self._open()
        self._make_tables()
        with self.transaction():
            for key, value in DEFAULTS.items():
                self.run("INSERT OR IGNORE INTO settings VALUES (?, ?)", key, value)

    def _open(self) -> None:
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._connection = sqlite3.connect(
            self.path, timeout=30, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        # The state need not survive a power cut, only the death of a process.
        self._connection.execute("PRAGMA synchronous=OFF")
        # With this object or its process, whichever ends first.
        self._closing = weakref.finalize(
            self, _close, self._connection, opened_by=self._process
        )

    def _make_tables(self) -> None:
        """Make the tables; a world of another edition is forgotten, being pretended."""
        with self.transaction():
            edition = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if edition == EDITION:
                return
            for table in self.rows(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
                " AND name NOT LIKE 'sqlite_%'"
            ):
                self.run(f"DROP TABLE {table['name']}")
            for statement in filter(str.strip, SCHEMA.split(";")):
                self.run(statement)
            self.run(f"PRAGMA user_version = {EDITION}")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[sqlite3.Connection]:
        if os.getpid() != self._process and self.path != ":memory:":
            # A connection must neither be used nor closed after a fork
            # (sqlite.org/howtocorrupt.html, 2.6), and the lock may be held by a
            # thread that is not here: make both anew.
            self._open()
        with self._lock:
            yield self._connection

    def rows(self, sql: str, *args: Any) -> list[Row]:
        """Return all rows of a query."""
        with self._alone() as connection:
            return connection.execute(sql, args).fetchall()

    def row(self, sql: str, *args: Any) -> Row | None:
        """Return the first row of a query, or None."""
        with self._alone() as connection:
            found: Row | None = connection.execute(sql, args).fetchone()
            return found

    def run(self, sql: str, *args: Any) -> int:
        """Carry out a change; return the id of the row that it made last, if any."""
        with self._alone() as connection:
            return connection.execute(sql, args).lastrowid or 0

    def insert(self, table: str, values: dict[str, Any]) -> int:
        """Make a row and return its id."""
        marks = ", ".join("?" for _ in values)
        sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})"  # noqa: S608
        return self.run(sql, *values.values())

    def update(
        self, table: str, key: str, value: str | int, values: dict[str, Any]
    ) -> None:
        """Change columns of the row whose ``key`` column has this value."""
        names = ", ".join(f"{name} = ?" for name in values)
        sql = f"UPDATE {table} SET {names} WHERE {key} = ?"  # noqa: S608
        self.run(sql, *values.values(), value)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep others out meanwhile; an answer of the cloud (WorldError) is kept."""
        with self._alone() as connection:
            if connection.in_transaction:
                yield
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except WorldError:
                connection.execute("COMMIT")
                raise
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def now(self) -> float:
        """Return the time by the cloud's clock."""
        return self.clock().timestamp()

    def setting(self, key: str) -> float:
        """Return one of the settings in ``DEFAULTS``."""
        found = self.row("SELECT value FROM settings WHERE key = ?", key)
        return float(found["value"]) if found else DEFAULTS[key]

    def set(self, **values: float) -> None:
        """Change settings, for all processes. Raises KeyError for unknown ones."""
        for key, value in values.items():
            if key not in DEFAULTS:
                raise KeyError(key)
            self.run("UPDATE settings SET value = ? WHERE key = ?", value, key)

    def close(self) -> None:
        """Let go of the file."""
        self._closing()


def _close(connection: sqlite3.Connection, *, opened_by: int) -> None:
    if os.getpid() == opened_by:
        connection.close()
    else:
        _inherited.append(connection)

"""One transaction in Nova's database, in a connection of its own."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pymysql
from pymysql.constants import ER

from migrations_app.errors import WorldError
from migrations_app.integrations.adapters.nova_database import (
    errors as nova_database_errors,
)
from migrations_app.integrations.adapters.nova_database import option_file, schema
from migrations_app.integrations.interfaces import Statement

CONNECT = 10.0  # seconds
ANSWER = 15.0  # seconds for each answer; longer than LOCK_WAIT
LOCK_WAIT = 5  # seconds that we wait for another's lock on the row
BEGIN = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    f"SET SESSION innodb_lock_wait_timeout = {LOCK_WAIT}",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT",
)
# Of a Galera cluster: what other nodes have committed is waited for, and a node that
# has lost its group tells nothing, which would be old (both since MariaDB 10.0.17 and
# Percona XtraDB Cluster 5.6.24). Other servers do not know it, or it changes nothing.
SEE_ALL_NODES = "SET SESSION wsrep_sync_wait = 1, wsrep_dirty_reads = OFF"
TROUBLES = (pymysql.Error, OSError)
# What Python raises over a greeting that is no MySQL server's.
SHAPES = (struct.error, AssertionError, AttributeError, LookupError, ValueError)


class Session:
    """A transaction in a database whose schema is one that we know.

    It is rolled back at its end unless it was committed. Every error is ours.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._arguments = option_file.read(file)
        self._connection = self._connect()
        try:
            self._see_all_nodes()
            for statement in BEGIN:
                self.ask(statement)
            self.schema = self._known()
        except BaseException:
            self.close()
            raise

    @property
    def where(self) -> str:
        found = self._arguments
        return found["unix_socket"] or f"{found['host']}:{found['port']}"

    @property
    def database(self) -> str:
        return str(self._arguments["database"])

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return all rows that a query gives."""
        with self._translated(), self._connection.cursor() as cursor:
            cursor.execute(query, values or None)
            return list(cursor.fetchall())

    def change(self, statement: Statement) -> int:
        """Carry a statement out and return how many rows it changed."""
        with self._translated(), self._connection.cursor() as cursor:
            return int(cursor.execute(statement.text, dict(statement.values)))

    def commit(self, server_id: str) -> None:
        """All of it holds. Raises Unreachable when nobody knows whether it does."""
        try:
            self._connection.commit()
        except TROUBLES as error:
            if nova_database_errors.undone(error):
                raise self._verdict(error) from None
            # neither an answer nor an error of any other kind says yes or no
            raise nova_database_errors.unsure(self.where, server_id) from None

    def close(self) -> None:
        """The connection is closed, and uncommitted changes are undone."""
        with suppress(*TROUBLES):
            self._connection.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _connect(self) -> pymysql.Connection[Any]:
        try:
            return pymysql.connect(
                **self._arguments,
                charset="utf8mb4",
                connect_timeout=CONNECT,
                read_timeout=ANSWER,
                write_timeout=ANSWER,
                autocommit=False,
                local_infile=False,
            )
        except (*TROUBLES, *SHAPES) as error:
            raise self._verdict(error) from None

    def _see_all_nodes(self) -> None:
        with self._translated(), self._connection.cursor() as cursor:
            try:
                cursor.execute(SEE_ALL_NODES)
            except pymysql.Error as error:
                if error.args[0] != ER.UNKNOWN_SYSTEM_VARIABLE:
                    raise

    def _known(self) -> schema.Schema:
        rows = self.ask(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND table_name IN %s",
            schema.TABLES,
        )
        return schema.known(
            ((table, column) for table, column in rows), self._arguments["database"]
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except TROUBLES as error:
            raise self._verdict(error) from None

    def _verdict(self, error: Exception) -> WorldError:
        user = str(self._arguments["user"])
        return nova_database_errors.verdict(error, self.where, user, str(self._file))

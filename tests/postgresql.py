"""A real PostgreSQL on loopback, of this process of pytest alone.

``postgresql.create(name)`` makes an empty database and returns its URL, for
NOVAWEB_DATABASE_URL or NOVAWEB_TEST_DATABASE_URL of a process that a test starts;
``postgresql.create(name, template=postgresql.migrated())`` makes a migrated one.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.database import migrate
from tests.end_with_parent import end_with_parent
from tests.free_port import free_port

# The application's account: it owns its tables and is no superuser.
ACCOUNT = "novaweb"
ADMIN = "postgres"
# Nothing here outlives a crash, nor need it.
SMALL = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=64MB",
    "max_connections=100",
    "autovacuum_naptime=10s",
)


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, of the newest that is here."""
    there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(there[-1]) if there else shutil.which(name)
    if found is None:
        pytest.skip("there is no PostgreSQL here: apt-get install postgresql")
    return found


class PostgreSQL:
    """Listens on ``port`` of 127.0.0.1; asks nobody for a password."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / "log"
        self.settings = settings or SMALL
        # PostgreSQL does not run as root
        self.user: dict[str, Any] = {}
        if os.geteuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            owner = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            self.user = {
                "user": owner.pw_uid,
                "group": owner.pw_gid,
                "extra_groups": [],
            }
        self.process: subprocess.Popen[bytes] | None = None
        self.template = ""

    def start(self) -> None:
        """Make the cluster and have it answer, with the application's account."""
        data = self.folder / "data"
        with self.log.open("ab") as log:
            subprocess.run(
                [
                    program("initdb"),
                    f"--pgdata={data}",
                    f"--username={ADMIN}",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--no-sync",
                ],
                stdout=log,
                stderr=log,
                check=True,
                cwd=self.folder,
                **self.user,
            )
            self.process = subprocess.Popen(
                [
                    program("postgres"),
                    f"-D{data}",
                    f"-p{self.port}",
                    "-clisten_addresses=127.0.0.1",
                    "-cunix_socket_directories=",
                    *(f"-c{setting}" for setting in self.settings),
                ],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                # an immediate shutdown, as in `stop`
                preexec_fn=end_with_parent(signal.SIGQUIT),
                **self.user,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                version = self.run("SHOW server_version_num")[0][0]
                break
            except psycopg.OperationalError:
                said = self.log.read_text("utf-8", errors="replace")[-3000:]
                assert self.process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.05)
        self.run(f"CREATE ROLE {ACCOUNT} LOGIN CREATEDB")
        if int(version) >= 150000:
            # tests lift foreign keys to empty the tables in any order
            self.run(f"GRANT SET ON PARAMETER session_replication_role TO {ACCOUNT}")
        else:
            self.run(f"ALTER ROLE {ACCOUNT} SUPERUSER")

    def stop(self) -> None:
        """It is gone, at once, with all of its sessions."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)  # immediate shutdown
            self.process.wait(timeout=30)
            self.process = None

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Return a connection of the administrator's."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=ADMIN,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def run(self, *statements: str, database: str = "postgres") -> list[Any]:
        """Run statements as the administrator; return the rows of the last."""
        with self.connect(database) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str) -> str:
        """Return where the application finds the database."""
        return f"postgres://{ACCOUNT}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, *, template: str = "template1") -> str:
        """Make the database anew, empty or a copy of another; return its URL."""
        self.run(
            f"DROP DATABASE IF EXISTS {database} WITH (FORCE)",
            f"CREATE DATABASE {database} OWNER {ACCOUNT} TEMPLATE {template}",
        )
        return self.url(database)

    def migrated(self) -> str:
        """Return the name of a migrated database, to copy; the first who asks makes it.

        To migrate takes longer than most of what is then done there.
        """
        if not self.template:
            migrate(self.create("migrated"))
            self.template = "migrated"
        return self.template


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server of this process of pytest, with no database in it."""
    program("postgres")
    # not below pytest's own folder: that is closed to the account that PostgreSQL takes
    folder = Path(tempfile.mkdtemp(prefix="novaweb-postgresql-"))
    server = PostgreSQL(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)

"""What is true of the audit trail on one database is true on the other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.postgresql import PostgreSQL

HERE = Path(__file__)
PROVEN = ("asking", "chain", "evidence", "exports", "pages", "search", "tampering")


@pytest.mark.skipif(connection.vendor == "postgresql", reason="this suite is on it")
def test_all_that_is_proven_here_is_so_on_postgresql(postgresql: PostgreSQL) -> None:
    """The other tests of the proof and of the search, with PostgreSQL as database.

    The account is the application's own, which owns its tables.
    """
    # named as Django names the tests' own
    postgresql.create("test_proof", template=postgresql.migrated())
    environment = {
        **os.environ,
        "NOVAWEB_TEST_DATABASE_URL": postgresql.create("proof"),
    }
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-n0", "-q", "-p", "no:cacheprovider"),
            "--reuse-db",
            *(str(HERE.with_name(f"test_{each}.py")) for each in PROVEN),
        ],
        cwd=HERE.parents[2],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]

"""The tests' own SQLite database: migrated once, then copied for each process.

To migrate takes each process of pytest as long as a hundred tests.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def django_db_keepdb(
    django_db_keepdb: bool, django_db_modify_db_settings: None
) -> bool:
    """Lay a migrated database where pytest-django would make one, and have it kept.

    What it then migrates is nothing, and what it leaves goes with the tests' folder. On
    PostgreSQL, which NOVAWEB_TEST_DATABASE_URL names, all is as pytest-django does it.
    """
    if connection.vendor != "sqlite":
        return django_db_keepdb
    # pytest-django has added xdist's name of the process to it by now
    shutil.copy(migrated(), connection.settings_dict["TEST"]["NAME"])
    return True


def migrated() -> Path:
    """Return a database that is migrated and empty; the first who asks makes it."""
    folder = Path(os.environ["NOVAWEB_TEST_FOLDER"])
    made = folder / "migrated.sqlite3"
    with (folder / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            # its own: the child of one that was killed may still write
            draft = made.with_name(f"draft-{os.getpid()}.sqlite3")
            migrate(f"sqlite:///{draft}")
            draft.rename(made)
    return made


def migrate(url: str) -> None:
    """Migrate the database there, in a process of its own."""
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "novaweb.settings",
            "NOVAWEB_DATABASE_URL": url,
        },
        stdin=subprocess.DEVNULL,
        check=True,
    )

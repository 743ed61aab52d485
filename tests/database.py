"""The tests' own SQLite database: migrated once, then copied for each process.

To migrate takes as long as a hundred tests. So the next run takes the database of this
one, if nothing that it is made from has changed since: it is in pytest's cache.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
# The application, as migrations use it and as its models are; its libraries; and how
# the database is made.
MADE_FROM = ("migrations_app/**/*.py", "novaweb/**/*.py", "requirements-lock.txt")
NAME = "migrated-{}.sqlite3"


@pytest.fixture(scope="session")
def django_db_keepdb(
    django_db_keepdb: bool,
    django_db_modify_db_settings: None,
    pytestconfig: pytest.Config,
) -> bool:
    """Lay a migrated database where pytest-django would make one, and have it kept.

    What it then migrates is nothing, and what it leaves goes with the tests' folder. On
    PostgreSQL, which NOVAWEB_TEST_DATABASE_URL names, all is as pytest-django does it.
    """
    if connection.vendor != "sqlite":
        return django_db_keepdb
    cache = getattr(pytestconfig, "cache", None)  # None with -p no:cacheprovider
    kept = cache.mkdir("novaweb") if cache else None
    # pytest-django has added xdist's name of the process to it by now
    shutil.copy(migrated(kept), connection.settings_dict["TEST"]["NAME"])
    return True


def migrated(kept: Path | None = None) -> Path:
    """Return a database that is migrated and empty; the first who asks makes it.

    ``kept`` is a folder in which that of an earlier run may be, and this one is left.
    """
    folder = Path(os.environ["NOVAWEB_TEST_FOLDER"])
    made = folder / "migrated.sqlite3"
    with (folder / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made.exists():
            return made
        # its own: the child of one that was killed may still write
        draft = made.with_name(f"draft-{os.getpid()}.sqlite3")
        name = NAME.format(digest())
        if kept is None or not taken(kept / name, draft):
            draft.unlink(missing_ok=True)
            migrate(f"sqlite:///{draft}")
            if kept is not None:
                keep(draft, kept / name)
        draft.rename(made)
    return made


def digest(root: Path = ROOT) -> str:
    """Return what stands for all that a migrated database is made from."""
    files = {Path(__file__), *(path for each in MADE_FROM for path in root.glob(each))}
    found = hashlib.sha256(f"{sys.version} {sqlite3.sqlite_version}".encode())
    for path in sorted(files):
        found.update(f"\n{path} {path.stat().st_size}\n".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def taken(kept: Path, draft: Path) -> bool:
    """Copy what an earlier run has kept, if it is there and can be read."""
    try:
        shutil.copy(kept, draft)
    except OSError:
        return False
    return True


def keep(made: Path, kept: Path) -> None:
    """Leave a copy to later runs, whole or not at all, and none of what was before."""
    draft = kept.with_name(f"draft-{os.getpid()}")
    try:
        shutil.copy(made, draft)
        draft.rename(kept)
        for path in kept.parent.glob(NAME.format("*")):
            if path != kept:
                path.unlink(missing_ok=True)
    except OSError:  # a full disk, somebody else's folder: the next run takes longer
        with suppress(OSError):
            draft.unlink(missing_ok=True)


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

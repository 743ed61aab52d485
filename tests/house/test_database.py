"""What the tests' own database is made from."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.db import connection

from tests import database

APPLIED = "SELECT name, CAST(applied AS TEXT) FROM django_migrations ORDER BY id"


@pytest.mark.django_db
def test_no_process_of_pytest_migrates_a_database_of_its_own() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("another database than SQLite is asked for")
    made = Path(os.environ["NOVAWEB_TEST_FOLDER"]) / "migrated.sqlite3"
    with closing(sqlite3.connect(made)) as common:
        expected = common.execute(APPLIED).fetchall()
    with connection.cursor() as cursor:
        cursor.execute(APPLIED)
        assert cursor.fetchall() == expected
    assert expected


class Runs:
    """Runs of pytest, one after the other, with one cache."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.patch = patch
        self.kept = folder / "kept"
        self.kept.mkdir()
        self.made: list[str] = []
        patch.setattr(database, "migrate", self._migrate)

    def _migrate(self, url: str) -> None:
        self.made.append(url)
        Path(url.removeprefix("sqlite:///")).write_text(f"number {len(self.made)}")

    def migrated(self, *, of: str = "one") -> str:
        """Return what the database of the next run has, of that application."""
        self.patch.setattr(database, "digest", lambda: of)
        with TemporaryDirectory(dir=self.folder) as folder:
            self.patch.setenv("NOVAWEB_TEST_FOLDER", folder)
            first = database.migrated(self.kept).read_text()
            assert database.migrated(self.kept).read_text() == first
        return first


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(tmp_path, monkeypatch)


def test_the_next_run_takes_what_this_one_has_made(runs: Runs) -> None:
    assert [runs.migrated(), runs.migrated()] == ["number 1", "number 1"]
    assert len(runs.made) == 1


def test_of_another_application_it_is_made_again_and_the_old_one_goes(
    runs: Runs,
) -> None:
    assert [runs.migrated(), runs.migrated(of="two")] == ["number 1", "number 2"]
    assert [path.read_text() for path in runs.kept.iterdir()] == ["number 2"]


def test_where_nothing_can_be_kept_each_run_makes_its_own(runs: Runs) -> None:
    runs.kept.rmdir()
    assert [runs.migrated(), runs.migrated()] == ["number 1", "number 2"]


def test_whatever_it_is_made_from_is_looked_at(tmp_path: Path) -> None:
    seen = [database.digest(tmp_path)]
    for name in (
        *("migrations_app/migrations/0001_initial.py", "migrations_app/jobs.py"),
        *("novaweb/settings.py", "requirements-lock.txt"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for text in ("one", "two"):
            path.write_text(text)
            seen.append(database.digest(tmp_path))
    (tmp_path / "novaweb/settings.py").rename(tmp_path / "novaweb/others.py")
    seen.append(database.digest(tmp_path))
    assert len(set(seen)) == len(seen)
    assert database.digest(tmp_path) == seen[-1]

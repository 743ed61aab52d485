"""What the tests' own database is made from."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

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

"""How the database is emptied after a test that commits.

Django flushes every table after a transactional test; the audit trail refuses that.
So its triggers are lifted for as long as that takes, and what the migrations put into
the tables stays: the roles, the pacer's row and the head of the audit trail.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from unittest import mock

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import TransactionTestCase

from migrations_app.audit import hashing, triggers
from migrations_app.audit.search_index import SQLITE_TABLE
from migrations_app.models import AuditHead, Pacer, Told

KEPT = (Group, Permission, ContentType, Pacer, AuditHead, Told)


@contextmanager
def lifted() -> Iterator[None]:
    """No trigger and no foreign key is in the way for as long as the block lasts."""
    triggers.drop(connection)
    try:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = replica")
                try:
                    yield
                finally:
                    cursor.execute("SET session_replication_role = DEFAULT")
        else:
            with connection.constraint_checks_disabled():
                yield
    finally:
        triggers.add(connection)


def empty(case: Any = None) -> None:
    """Delete all rows but those that the migrations made."""
    kept = {model._meta.db_table for model in KEPT} | {"django_migrations"}
    with lifted(), connection.cursor() as cursor:
        for table in set(connection.introspection.table_names()) - kept:
            if table.startswith(SQLITE_TABLE):
                continue
            name = connection.ops.quote_name(table)
            cursor.execute(f"DELETE FROM {name}")  # noqa: S608 - our own tables
        if connection.vendor == "sqlite":
            # the index of words keeps no rows that could be deleted one by one
            cursor.execute(
                f"INSERT INTO {SQLITE_TABLE}({SQLITE_TABLE}) VALUES ('delete-all')"  # noqa: S608
            )
        AuditHead.objects.update(count=0, entry=0, digest=hashing.GENESIS)
    Pacer.objects.update(lease="", lease_until=None, seen_at=None)
    Told.objects.update(entry=0)
    approvals = import_module("migrations_app.migrations.0012_approvals")
    approvals.add_policies(apps, None)


@pytest.fixture(scope="session", autouse=True)
def the_audit_trail_can_be_emptied() -> Iterator[None]:
    """Have Django empty the database our way."""
    with mock.patch.object(TransactionTestCase, "_fixture_teardown", empty):
        yield

"""How the database is emptied after a test that commits.

Django flushes every table after a transactional test; the audit trail refuses that.
So its triggers are lifted for as long as that takes, and what the migrations put into
the tables stays: the roles and the pacer's row.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any
from unittest import mock

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import TransactionTestCase

from migrations_app.models import Pacer

KEPT = (Group, Permission, ContentType, Pacer)


def empty(case: Any = None) -> None:
    """Delete all rows but those that the migrations made."""
    append_only = import_module("migrations_app.migrations.0002_append_only")
    tables = {model._meta.db_table for model in KEPT} | {"django_migrations"}
    with connection.schema_editor() as editor:
        for verb in ("update", "delete"):
            editor.execute(f"DROP TRIGGER audit_no_{verb}")
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            if table not in tables:
                name = connection.ops.quote_name(table)
                cursor.execute(f"DELETE FROM {name}")  # noqa: S608 - our own tables
    with connection.schema_editor() as editor:
        append_only.add_triggers(apps, editor)
    Pacer.objects.update(lease="", lease_until=None, seen_at=None)


@pytest.fixture(scope="session", autouse=True)
def the_audit_trail_can_be_emptied() -> Iterator[None]:
    """Have Django empty the database our way."""
    with mock.patch.object(TransactionTestCase, "_fixture_teardown", empty):
        yield

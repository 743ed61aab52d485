"""A test fails in which a transaction changes other rows after it has recorded.

Whoever records holds the lock of the chain's head until the transaction ends. One that
then waits for another row could wait for somebody who waits for the head: a deadlock,
which PostgreSQL ends by failing one of the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from migrations_app.audit.triggers import ENTRIES, HEAD

_CHANGE = re.compile(r'\s*(?:UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
_RECORDS = f'INSERT INTO "{ENTRIES}"'

# The trail's own, and the row of a session, which only its owner's requests change.
OWN = (ENTRIES, HEAD, "migrations_app_session")


class Watch:
    """Sees every statement of one connection."""

    def __init__(self) -> None:
        self.recorded_in: object = None

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        """Let it through, unless it breaks the rule."""
        now = _transaction(context["connection"])
        changed = _CHANGE.match(sql)
        if (
            changed
            and now is not None
            and now is self.recorded_in
            and changed[1] not in OWN
        ):
            raise AssertionError(f"recorded before this, in one transaction: {sql}")
        if _RECORDS in sql:
            self.recorded_in = now
        return execute(sql, params, many, context)


def _transaction(connection: BaseDatabaseWrapper) -> object:
    """Return the outermost block of the transaction that is not the test's own."""
    blocks: list[Any] = [
        b for b in connection.atomic_blocks if not getattr(b, "_from_testcase", False)
    ]
    return blocks[0] if blocks else None


def watch(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """See what is done through the connection, which may be any thread's."""
    if not any(isinstance(w, Watch) for w in connection.execute_wrappers):
        connection.execute_wrappers.append(Watch())


@pytest.fixture(scope="session", autouse=True)
def what_is_recorded_is_recorded_last() -> Iterator[None]:
    """Watch every connection, as soon as it is made."""
    connection_created.connect(watch)
    for connection in connections.all(initialized_only=True):
        watch(connection)
    yield
    connection_created.disconnect(watch)

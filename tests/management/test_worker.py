from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.worker import WorkerStatus

from migrations_app.management.commands import worker as command_worker
from tests.database import migrated

ROOT = Path(__file__).resolve().parents[2]


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def manage(*words: str) -> subprocess.Popen[bytes]:
    # novaweb's own settings: the worker is to be as people run it
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "novaweb.settings"}
    return subprocess.Popen(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environment
    )


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    file = shutil.copy(migrated(), tmp_path_factory.mktemp("worker") / "db.sqlite3")
    url = f"sqlite:///{file}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOVAWEB_DATABASE_URL", url)
        yield url


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_asked_to_while_idle(
    number: signal.Signals, redis_url: str, database: str
) -> None:
    worker = manage("worker")
    try:
        with redis.Redis.from_url(redis_url) as connection:
            until(
                lambda: [w for w in Worker.all(connection) if w.get_state() == "idle"]
            )
        worker.send_signal(number)
        assert worker.wait(timeout=300) == 0
    finally:
        worker.kill()
        worker.wait()


def test_it_ends_although_the_exception_of_its_signal_was_swallowed(
    redis_url: str,
) -> None:
    with redis.Redis.from_url(redis_url) as connection:
        worker = command_worker.Worker([Queue("runs", connection=connection)])
        worker.set_state(WorkerStatus.IDLE)
        worker.heartbeat()
        with contextlib.suppress(StopRequested):  # what a finaliser does
            worker._shutdown()
        with pytest.raises(StopRequested):
            worker.heartbeat()

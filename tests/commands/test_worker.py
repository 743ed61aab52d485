from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from rq import Worker

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
    url = f"sqlite:///{tmp_path_factory.mktemp('worker') / 'db.sqlite3'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOVAWEB_DATABASE_URL", url)
        assert manage("migrate", "--verbosity=0").wait() == 0
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
        assert worker.wait(timeout=10) == 0
    finally:
        worker.kill()
        worker.wait()

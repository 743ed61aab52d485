"""``manage.py worker``: a worker, with the pacer thread."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import structlog
from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, close_old_connections, connection
from django_rq import get_queue
from redis.exceptions import RedisError
from rq import Queue, worker_registration
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker, WorkerStatus

from migrations_app import jobs
from migrations_app.audit import settings_changes
from migrations_app.integrations import connect, ways_in
from migrations_app.integrations.looks.serve import Looks
from migrations_app.management import neighbour_checks
from migrations_app.management.checks import OURS
from migrations_app.management.looks import LOOKS
from migrations_app.runs import wakeup
from migrations_app.runs.engine.pacer import GLANCE, INTERVAL, PacerTimer
from migrations_app.runs.probe.prober import Prober
from migrations_app.runs.queued_job import why_refused

log = structlog.get_logger(__name__)
TTL = 30  # seconds that Redis remembers us; RQ waits for a job 15 s less
PROOF_INTERVAL = 5.0  # seconds between two looks whether there is something to sign
LEAVING = 5.0  # seconds that the threads have to give back what they hold


class Worker(SimpleWorker):
    """RQ worker that runs its jobs in its own process.

    A job takes milliseconds, so a fork for each would cost more than the job. Work
    interrupted by the end of the process is resumed from the database.
    """

    max_connection_wait_time = 1.0
    log_job_description = False

    def _shutdown(self) -> None:
        """Request the end; end at once if no job is running.

        An idle worker of RQ (3.0.0, worker/base.py) only raises: when the signal comes
        inside a finaliser, Python swallows the exception, and the worker would never
        end.
        """
        self._stop_requested = True
        super()._shutdown()  # type: ignore[no-untyped-call]

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Carry the job out if it is one of novaweb's; else mark it as failed."""
        sentence = why_refused(job, jobs.NAMES)
        if not sentence:
            return bool(super().perform_job(job, queue, execution))
        log.error("job refused", job=job.id, queue=queue.name, reason=sentence)
        self.handle_job_failure(job, queue, exc_string=sentence, execution=execution)
        return False

    def heartbeat(self, *args: Any, **options: Any) -> None:
        """Report that the worker is alive; end an idle one that failed to end.

        One that Redis has forgotten (FLUSHALL, a restart without a file) is registered
        again: RQ's own heartbeat writes its time alone (3.0.0, worker/base.py), and a
        living worker would count as none.
        """
        if self.birth_date and not self.connection.hexists(self.key, "birth"):
            self._register_again()
        super().heartbeat(*args, **options)
        if self._stop_requested and self.get_state() == WorkerStatus.IDLE:
            raise StopRequested

    def _register_again(self) -> None:
        with self.connection.pipeline() as pipeline:
            pipeline.hset(self.key, mapping=self.serialize())
            worker_registration.register(self, pipeline)
            pipeline.execute()


class Command(BaseCommand):
    """Serve the queues, and queue due work."""

    help = "Run a worker with the pacer inside; queues: runs, inventory, default."
    # the others load every page, of which a worker serves none
    requires_system_checks = (OURS, Tags.models)

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the names of the queues."""
        parser.add_argument("queues", nargs="*", default=list(settings.RQ_QUEUES))

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until SIGTERM or SIGINT, through failures of Redis and the database."""
        if strange := sorted(set(options["queues"]) - set(settings.RQ_QUEUES)):
            raise CommandError(
                f"There is no queue {', '.join(strange)}: there are"
                f" {', '.join(settings.RQ_QUEUES)}."
            )
        # until RQ puts its own handlers in place, and between two of its workers
        signal.signal(signal.SIGTERM, _leave)
        settings_changes.compare_beside("worker")
        connect.enter_by(ways_in)
        neighbour_checks.tell_beside()
        stop = threading.Event()
        pacer = threading.Thread(target=_pace, args=(stop,), name="pacer", daemon=True)
        pacer.start()
        prober = threading.Thread(
            target=_probe, args=(stop,), name="prober", daemon=True
        )
        prober.start()
        watch = threading.Thread(target=_watch, args=(stop,), name="watch", daemon=True)
        watch.start()
        proof = threading.Thread(target=_prove, args=(stop,), name="proof", daemon=True)
        proof.start()
        looks = threading.Thread(target=_look, args=(stop,), name="looks", daemon=True)
        looks.start()
        self.stdout.write(f"worker ready: {', '.join(options['queues'])}")
        self.stdout.flush()
        try:
            while not stop.is_set():
                if _work(options["queues"]):
                    break
                time.sleep(1)
        finally:
            stop.set()
            # together: a slow one must not take its seconds from the service's stop
            until = time.monotonic() + LEAVING
            for thread in (pacer, prober, watch, proof, looks):
                thread.join(timeout=max(0.0, until - time.monotonic()))


def worker_of(queues: list[str]) -> Worker:
    """Return a worker that serves those queues, for novaweb's own jobs alone."""
    served = [get_queue(name) for name in queues]
    return Worker(
        served,
        connection=served[0].connection,
        worker_ttl=TTL,
        serializer=JSONSerializer,
    )


def _work(queues: list[str], *, burst: bool = False) -> bool:
    """Serve the queues; True if asked to stop, False if Redis failed.

    With ``burst`` until they are empty.
    """
    try:
        worker = worker_of(queues)
        worker.work(logging_level="WARNING", burst=burst)
    except RedisError as error:
        log.warning("redis went away", reason=str(error))
        return False
    finally:
        # RQ put its own handlers in place; between two workers Ctrl-C must work
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, _leave)
    # RQ says so by a flag only if a job was running; the date it sets always
    return worker._shutdown_requested_date is not None


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _probe(stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            Prober(connect.guest_at).run(stop)
        except Exception:
            # measuring must not end because it stumbled once
            log.exception("prober stumbled")
            stop.wait(INTERVAL)


def _look(stop: threading.Event) -> None:
    """Answer web processes; in a thread, because pages wait for it."""
    answers = Looks(LOOKS)
    while not stop.is_set():
        try:
            answers.serve(stop)
        except Exception:
            log.exception("looks stumbled")
            stop.wait(INTERVAL)


def _watch(stop: threading.Event) -> None:
    """Enable hosts left disabled; in a thread, because it waits for clouds."""
    _again_and_again(jobs.restore_due, stop, INTERVAL)


def _prove(stop: threading.Event) -> None:
    """Sign and verify the audit trail; in a thread, because a long trail takes long."""
    _again_and_again(jobs.tend_proof, stop, PROOF_INTERVAL)


def _again_and_again(
    do: Callable[[], object], stop: threading.Event, interval: float
) -> None:
    while not stop.wait(interval):
        try:
            close_old_connections()
            do()
        except Error as error:
            log.warning("database went away", reason=str(error))
            connection.close()
        except Exception:
            log.exception("thread stumbled", thread=threading.current_thread().name)


def _pace(stop: threading.Event) -> None:
    pacer = PacerTimer(
        ring=lambda: wakeup.ring_now("migrations_app.jobs.walk_due", queue="runs"),
        walk=jobs.walk_due,
        other=jobs.due_since,
    )
    periodic = jobs.Scheduler()
    paces, next_tick, pause = False, 0.0, GLANCE
    while not stop.wait(pause):
        pause = GLANCE
        try:
            close_old_connections()
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + INTERVAL
                paces = False  # should the database go away
                if paces := pacer.tick():
                    periodic.ring()
            elif paces:
                pause = pacer.glance()
        except Error as error:
            log.warning("database went away", reason=str(error))
            connection.close()
        except Exception:
            # the pacer must outlive whatever it meets: everything else rests on it
            log.exception("pacer stumbled")
    pacer.release()

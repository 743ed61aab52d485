"""The prober as it runs in a worker: a real server that pauses, a real database."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.db.backends.signals import connection_created
from django.utils import timezone

from migrations_app.errors import Refused
from migrations_app.integrations.adapters.guest import Caller
from migrations_app.integrations.interfaces.probe_target import Target
from migrations_app.models import Line, Probe, Run, Sample
from migrations_app.runs.probe import gaps
from migrations_app.runs.probe.prober import Prober
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.server]


def until(what: Callable[[], Any], named: str) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {named}")


class Server:
    """A guest that takes connections on one port, until it pauses."""

    def __init__(self) -> None:
        self._listening = self._listen(0)
        self.port = self._listening.getsockname()[1]

    def _listen(self, port: int) -> socket.socket:
        opened = socket.socket()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(("127.0.0.1", port))
        opened.listen(1000)  # the kernel answers by itself
        return opened

    def pause(self) -> float:
        """Answer no more; return since when."""
        self._listening.close()
        return time.time()

    def go_on(self) -> float:
        """Answer again; return since when."""
        self._listening = self._listen(self.port)
        return time.time()

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@contextmanager
def probing(open_guest: Callable[[Target], Any] | None = None) -> Iterator[None]:
    """A worker's prober at work."""

    def call(target: Target) -> Caller:
        assert target.port is not None
        return Caller(target.address, target.port)

    stop = threading.Event()
    prober = Prober(open_guest or call)
    thread = threading.Thread(target=prober.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)
        assert not thread.is_alive()
        connection.close()


def probed(server: Server) -> Run:
    run = factories.run()
    Probe.objects.create(run=run, target=f"tcp:127.0.0.1:{server.port}")
    return run


def answered(run: Run, count: int) -> bool:
    probe = Probe.objects.get(pk=run.pk)
    return probe.sent - probe.lost >= count


def test_it_leaves_no_connection_to_the_database_behind() -> None:
    made = []

    def remember(connection: Any, **rest: Any) -> None:
        made.append(connection)

    connection_created.connect(remember)
    try:
        with probing():
            until(lambda: made, "the prober's first question")
    finally:
        connection_created.disconnect(remember)

    assert [each.connection for each in made] == [None] * len(made)


def finish(run: Run) -> gaps.Result:
    now = timezone.now()
    Run.objects.filter(pk=run.pk).update(state="completed", ended_at=now)

    def over() -> Probe | None:
        return Probe.objects.filter(pk=run.pk, over_at__isnull=False).first()

    probe: Probe = until(over, "the end of the probing")
    return gaps.from_dict(probe.result)


def test_it_measures_how_long_a_guest_paused(server: Server) -> None:
    run = probed(server)
    with probing():
        until(lambda: answered(run, 5), "the first answers")
        begin = server.pause()
        until(lambda: Probe.objects.get(pk=run.pk).lost >= 5, "lost questions")
        end = server.go_on()
        so_far = Probe.objects.get(pk=run.pk).sent
        until(lambda: answered(run, so_far), "more answers")
        result = finish(run)
    gap = result.longest
    assert gap is not None
    assert gap.lost >= 5
    if not result.holes:  # on a busy machine nobody may have measured for a while
        assert gap.whole
        assert gap.begin <= begin
        assert gap.end >= end
    assert not Probe.objects.get(pk=run.pk).lease
    assert "it did not answer for at" in Line.objects.filter(run=run).last().text  # type: ignore[union-attr]


def test_it_takes_a_worker_that_died_for_no_gap_of_the_guest(server: Server) -> None:
    run = probed(server)
    with probing():
        until(lambda: answered(run, 5), "the first answers")
    # nobody probes now; a second worker comes later
    time.sleep(1.2)
    with probing():
        so_far = Probe.objects.get(pk=run.pk).sent
        until(lambda: answered(run, so_far + 5), "the second one's answers")
        result = finish(run)
    assert result.lost == 0
    assert result.gaps == ()
    assert len(result.holes) >= 1


def test_it_says_when_it_may_not_probe_and_goes_on_working(server: Server) -> None:
    def refuse(target: Target) -> Any:
        if target.port is None:
            raise Refused("The worker may not send ICMP.")
        return Caller(target.address, target.port)

    closed = factories.run()
    Probe.objects.create(run=closed, target="icmp:127.0.0.1")
    run = probed(server)
    with probing(refuse):
        until(lambda: answered(run, 3), "answers of the other one")
        text = "The guest is not probed: The worker may not send ICMP."
        until(
            lambda: Line.objects.filter(run=closed, text=text).exists(), "the sentence"
        )
    assert not Sample.objects.filter(run=closed).exists()

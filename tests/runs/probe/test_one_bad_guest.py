"""One guest that cannot be probed keeps no other one from it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.utils import timezone

from migrations_app.integrations.interfaces.probe_target import Target
from migrations_app.models import Probe, Run, Sample
from migrations_app.runs.probe import samples
from migrations_app.runs.probe.gaps import Answer
from migrations_app.runs.probe.prober import Prober
from tests import factories
from tests.processes.site import until

TOKEN = "this worker"


def probed(target: str) -> Run:
    run = factories.run()
    Probe.objects.create(run=run, target=target)
    return run


class Guest:
    """Answers at once, or raises what nobody expects."""

    def __init__(self, error: Exception | None, *, closing: bool = False) -> None:
        self.error, self.closing = error, closing

    async def knock(self, timeout: float) -> float:
        if self.error is not None:
            raise self.error
        return 0.1

    def close(self) -> None:
        if self.closing:
            raise OSError("already closed")


@pytest.mark.server
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("when", ["opened", "asked"])
def test_a_guest_that_raises_is_told_and_the_others_are_probed(when: str) -> None:
    error = UnicodeError("label empty or too long")
    bad, good = probed("tcp:192.0.2.1:22"), probed("tcp:192.0.2.2:22")

    def open_guest(target: Target) -> Any:
        if str(target.address) != "192.0.2.1":
            return Guest(None)
        if when == "opened":
            raise error
        return Guest(error, closing=True)

    stop = threading.Event()
    thread = threading.Thread(target=Prober(open_guest).run, args=(stop,))
    thread.start()
    try:
        until(
            lambda: (
                Probe.objects.get(run=bad).trouble
                and Sample.objects.filter(run=good).count() > 1
            ),
            "the good guest to be probed after the bad one was told",
        )
    finally:
        stop.set()
        thread.join()
    assert "internal error (UnicodeError)" in Probe.objects.get(run=bad).trouble
    assert not Sample.objects.filter(run=bad).exists()
    assert "(UnicodeError)" in bad.lines.last().text  # type: ignore[union-attr]


@pytest.mark.django_db
def test_an_answer_that_cannot_be_stored_is_told_and_the_others_are() -> None:
    bad, good = probed("tcp:192.0.2.1:22"), probed("tcp:192.0.2.2:22")
    assert set(samples.save_and_claim(TOKEN, {}, room=9)) == {bad.pk, good.pk}
    at = timezone.now().timestamp()
    answers = {bad.pk: [Answer(float("nan"), 1.0)], good.pk: [Answer(at, 1.0)]}
    assert set(samples.save_and_claim(TOKEN, answers, room=9)) == {good.pk}
    assert Sample.objects.get().run == good
    assert "internal error (ValueError)" in Probe.objects.get(run=bad).trouble

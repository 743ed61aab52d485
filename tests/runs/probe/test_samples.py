"""Which worker probes whom, and what it keeps."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from migrations_app.models import Line, Probe, Run, Sample
from migrations_app.runs.probe import samples
from migrations_app.runs.probe.gaps import Answer
from tests import factories

pytestmark = pytest.mark.django_db
TARGET = "icmp:10.0.0.5"


class Clock:
    def __init__(self) -> None:
        self.time = timezone.now().replace(second=30)

    def __call__(self) -> datetime:
        return self.time

    def later(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timezone, "now", made)
    return made


@pytest.fixture
def run(clock: Clock) -> Run:
    """A run under way whose guest is to be probed."""
    made = factories.run()
    Probe.objects.create(run=made, target=TARGET)
    return made


def answers(clock: Clock, pattern: str) -> list[Answer]:
    """The answers of the last seconds; ``x`` is none."""
    begin = clock().timestamp() - 0.2 * len(pattern)
    return [
        Answer(begin + 0.2 * n, None if sign == "x" else 1.234)
        for n, sign in enumerate(pattern)
    ]


def said(run: Run) -> list[str]:
    return list(Line.objects.filter(run=run).values_list("text", flat=True))


def test_one_worker_at_a_time_probes_a_guest(run: Run, clock: Clock) -> None:
    assert samples.save_and_claim("one", {}, room=9) == {run.pk: TARGET}
    assert samples.save_and_claim("two", {}, room=9) == {}
    clock.later(3)
    assert samples.save_and_claim("one", {run.pk: []}, room=9) == {run.pk: TARGET}
    clock.later(3)
    assert samples.save_and_claim("two", {}, room=9) == {}, "the lease was renewed"
    assert said(run) == [f"The guest is probed every 200 ms: {TARGET}."]


def test_another_one_follows_when_it_dies(run: Run, clock: Clock) -> None:
    samples.save_and_claim("one", {}, room=9)
    clock.later(samples.LEASE.total_seconds() + 0.1)
    assert samples.save_and_claim("two", {}, room=9) == {run.pk: TARGET}
    late = {run.pk: answers(clock, "...")}
    assert samples.save_and_claim("one", late, room=9) == {}, "it came back too late"
    assert not Sample.objects.exists()
    assert len(said(run)) == 1


def test_it_gives_back_what_it_has_at_once(run: Run) -> None:
    samples.save_and_claim("one", {}, room=9)
    samples.release_all("one")
    assert samples.save_and_claim("two", {}, room=9) == {run.pk: TARGET}


def test_it_takes_no_more_than_it_has_room_for(run: Run) -> None:
    assert samples.save_and_claim("one", {}, room=0) == {}


def test_it_keeps_each_answer_with_its_time(run: Run, clock: Clock) -> None:
    samples.save_and_claim("one", {}, room=9)
    found = answers(clock, ".x..")
    samples.save_and_claim("one", {run.pk: found[::-1]}, room=9)
    row = Sample.objects.get(run=run)
    assert row.lost == 1
    assert row.answers == [[0, 1.23], [200, None], [400, 1.23], [600, 1.23]]
    kept = samples.of_run(run.pk)
    assert [it.at for it in kept] == pytest.approx([it.at for it in found])
    probe = Probe.objects.get(pk=run.pk)
    assert (probe.sent, probe.lost) == (4, 1)


def test_it_lets_a_held_run_rest_and_goes_on_with_it(run: Run) -> None:
    samples.save_and_claim("one", {}, room=9)
    Run.objects.filter(pk=run.pk).update(state="held", look_again_at=None)
    assert samples.save_and_claim("one", {run.pk: []}, room=9) == {}
    assert samples.save_and_claim("two", {}, room=9) == {}
    Run.objects.filter(pk=run.pk).update(state="running")
    assert samples.save_and_claim("two", {}, room=9) == {run.pk: TARGET}


def end(run: Run, clock: Clock) -> None:
    Run.objects.filter(pk=run.pk).update(state="completed", ended_at=clock())


def test_it_ends_when_the_guest_has_answered_for_a_while(
    run: Run, clock: Clock
) -> None:
    samples.save_and_claim("one", {}, room=9)
    samples.save_and_claim("one", {run.pk: answers(clock, "....xxxx")}, room=9)
    end(run, clock)
    for pattern in ("xxxxx", "xxx..", ".....", ".....", ".....", "....."):
        clock.later(1)
        turned = samples.save_and_claim(
            "one", {run.pk: answers(clock, pattern)}, room=9
        )
        assert turned == {run.pk: TARGET}, "it may still be booting"
    for _ in range(3):
        clock.later(1)
        turned = samples.save_and_claim(
            "one", {run.pk: answers(clock, ".....")}, room=9
        )
    assert turned == {}
    probe = Probe.objects.get(pk=run.pk)
    assert probe.over_at is not None
    assert [gap["lost"] for gap in probe.result["gaps"]] == [12]
    assert "it did not answer for at most 2.6 s" in said(run)[-1]
    clock.later(60)
    assert samples.save_and_claim("two", {}, room=9) == {}, "over is over"


def test_it_does_not_wait_for_ever_for_a_guest_that_stays_away(
    run: Run, clock: Clock
) -> None:
    samples.save_and_claim("one", {}, room=9)
    samples.save_and_claim("one", {run.pk: answers(clock, "....xxxx")}, room=9)
    end(run, clock)
    clock.later(samples.LONGEST_BOOT.total_seconds() + 1)
    Probe.objects.update(lease_until=clock() + samples.LEASE)
    assert (
        samples.save_and_claim("one", {run.pk: answers(clock, "xxxxx")}, room=9) == {}
    )
    assert "it did not answer for at least" in said(run)[-1]


def test_it_says_once_that_it_may_not_probe_and_leaves_it_to_others(
    run: Run, clock: Clock
) -> None:
    for token in ("one", "two"):
        assert samples.save_and_claim(token, {}, room=9) == {run.pk: TARGET}
        samples.release_with_reason(token, run.pk, "No ICMP here.")
        assert samples.save_and_claim("three", {}, room=9) == {}
        clock.later(samples.RETRY_AFTER.total_seconds() + 0.1)
    assert said(run).count("The guest is not probed: No ICMP here.") == 1
    samples.save_and_claim("three", {}, room=9)
    samples.save_and_claim("three", {run.pk: answers(clock, "...")}, room=9)
    assert Probe.objects.get(pk=run.pk).trouble == ""


def test_it_forgets_what_was_answered_in_full_long_ago(run: Run, clock: Clock) -> None:
    samples.save_and_claim("one", {}, room=9)
    samples.save_and_claim("one", {run.pk: answers(clock, ".....")}, room=9)
    samples.save_and_claim("one", {run.pk: answers(clock, "..x..")}, room=9)
    clock.later(samples.KEEP_ANSWERS.total_seconds() + 30)  # and at a full minute
    samples.save_and_claim("two", {}, room=9)
    samples.save_and_claim("two", {run.pk: answers(clock, ".....")}, room=9)
    assert [row.lost for row in Sample.objects.filter(run=run)] == [1, 0]


@pytest.mark.parametrize("state", ["held", "completed"])
def test_a_worker_that_slept_takes_no_probe_from_the_next_one(
    run: Run, clock: Clock, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    samples.save_and_claim("one", {}, room=9)
    end(run, clock)
    Run.objects.filter(pk=run.pk).update(state=state)
    if state == "held":
        Run.objects.filter(pk=run.pk).update(ended_at=None)
    clock.later(samples.ANSWERS_AFTER_END.total_seconds() + 1)
    Probe.objects.update(lease_until=clock())
    before = said(run)

    def asleep(answers: object) -> None:
        Probe.objects.update(lease="two", lease_until=clock() + samples.LEASE)

    monkeypatch.setattr(samples, "_write", asleep)
    assert samples.save_and_claim("one", {run.pk: []}, room=9) == {}

    probe = Probe.objects.get(pk=run.pk)
    assert (probe.lease, probe.over_at) == ("two", None)
    assert said(run) == before

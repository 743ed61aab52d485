"""How long the guest is away, as a run's page, its request's and the API tell it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from migrations_app.models import Probe, Run, Sample, Step
from migrations_app.runs import downtime
from migrations_app.runs.probe import gaps
from migrations_app.runs.probe.gaps import Answer
from migrations_app.web.runs.latency_chart import COLUMNS, picture
from tests import factories

pytestmark = pytest.mark.django_db
ESTIMATE = {"downtime": [0, 2], "words": "Takes 5 to 60 s."}


def answers(pattern: str, begin: float = 1_700_000_000.0) -> list[Answer]:
    return [
        Answer(begin + 0.2 * n, {".": 1.5, "s": 412.0}.get(sign))
        for n, sign in enumerate(pattern)
        if sign != " "
    ]


def probed(pattern: str, *, over: bool = True, **fields: Any) -> Run:
    """A run whose guest was probed with these answers."""
    request = factories.request(state="completed", estimate=ESTIMATE)
    run = factories.run(of=request, state="completed", ended_at=timezone.now())
    found = answers(pattern)
    begin = timezone.now() - timedelta(seconds=60)
    made = [Answer(it.at - found[0].at + begin.timestamp(), it.latency) for it in found]
    Probe.objects.create(
        run=run,
        target="tcp:10.0.0.5:22",
        begun_at=begin,
        over_at=timezone.now() if over else None,
        sent=len(found),
        lost=sum(it.latency is None for it in found),
        result=gaps.read(made).as_dict() if over else {},
        **fields,
    )
    for answer in made:
        offset = round(1000 * (answer.at - begin.timestamp()))
        at, pairs = begin, [[offset, answer.latency]]
        Sample.objects.create(
            run=run, at=at, lost=answer.latency is None, answers=pairs
        )
    return run


def text_of(client: Client, address: str) -> str:
    text = client.get(address).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


# -- the page of a run -----------------------------------------------------------------


def test_it_shows_the_estimate_beside_what_was_measured(requester: Client) -> None:
    run = probed("..")
    Step.objects.filter(run=run, key="runs_on_target").update(
        progress={"downtime_ms": 82, "downtime_how": "libvirt"}
    )
    text = text_of(requester, f"/runs/{run.pk}/")
    assert "Estimated up to 2 s" in text
    assert "Measured 82 ms, measured by libvirt" in text
    assert "82 ms" in text_of(requester, f"/requests/{run.request_id}/")


def test_it_says_when_nothing_was_measured(requester: Client) -> None:
    request = factories.request(state="completed", estimate=ESTIMATE)
    run = factories.run(of=request, state="completed", ended_at=timezone.now())
    assert "Measured not measured" in text_of(requester, f"/runs/{run.pk}/")


def test_it_marks_the_gap_in_the_chart_and_tells_it_in_a_table(
    requester: Client,
) -> None:
    run = probed("....xxxxx......          ....")
    page = requester.get(f"/runs/{run.pk}/").content.decode()
    text = text_of(requester, f"/runs/{run.pk}/")
    assert page.count('<rect class="latency-gap" x=') == 1
    assert page.count('<rect class="latency-hole" x=') == 1
    assert "it did not answer for at most 1.2 s" in text.replace("It", "it")
    assert "no answer for at most 1.2 s 5" in text
    assert "not measured for 2.2 s" in text
    assert 'role="img" aria-label="It answered' in page


def test_it_shows_a_probe_that_goes_on(requester: Client) -> None:
    run = probed("....x...", over=False)
    text = text_of(requester, f"/runs/{run.pk}/")
    assert "Probe tcp:10.0.0.5:22 (running): It answered 7 of 8 questions" in text


@pytest.mark.parametrize("over", [False, True])
def test_it_looks_again_by_itself_until_the_probe_is_over(
    requester: Client, over: bool
) -> None:
    page = requester.get(f"/runs/{probed('....', over=over).pk}/").content.decode()
    assert ('hx-select="#part-downtime"' in page) == (not over)


def test_it_says_why_a_guest_is_not_probed(requester: Client) -> None:
    run = probed("..", over=False, trouble="The worker may not send ICMP.")
    assert "The worker may not send ICMP." in text_of(requester, f"/runs/{run.pk}/")


def test_it_says_in_words_whether_a_live_migration_gets_nearer(
    requester: Client,
) -> None:
    outlook = "Not getting closer: the guest writes about as fast as it is copied."
    shown = {
        "memory_total": 2**30,
        "memory_remaining": 2**29,
        "trend": "still",
        "outlook": outlook,
    }
    run = factories.run(progress=shown)
    assert outlook in text_of(requester, f"/runs/{run.pk}/")


@pytest.mark.parametrize(
    "facts, words",
    [
        ({}, "the API does not show it"),
        ({"post_copy": True}, "permits post-copy"),
        ({"post_copy": False}, "does not permit post-copy"),
    ],
)
def test_it_says_what_forcing_would_do_as_far_as_that_is_known(
    operator: Client, facts: dict[str, Any], words: str
) -> None:
    request = factories.request(state="running", facts=facts)
    text = text_of(operator, f"/runs/{factories.run(of=request).pk}/")
    assert words in text
    assert "the guest is lost" in text


# -- the figures -----------------------------------------------------------------------


def test_it_takes_the_time_of_a_move_by_hand_from_the_runs_own_steps() -> None:
    now = timezone.now()
    steps = [
        Step(key="stop", state="done", asked_at=now, done_at=now),
        Step(
            key="start_on_target",
            state="done",
            asked_at=now + timedelta(seconds=40),
            done_at=now + timedelta(seconds=45),
        ),
    ]
    found = downtime.measured(steps)
    assert found is not None
    assert (found.ms, found.how) == (45_000, "steps")
    steps[0].asked_at = None  # it was off before
    assert downtime.measured(steps) is None


@pytest.mark.parametrize(
    "span, words",
    [([0, 2], "up to 2 s"), ([5, 300], "5 s to 5 min"), ([0, 0], "none"), (None, "")],
)
def test_it_says_the_estimate_as_people_do(span: list[int] | None, words: str) -> None:
    assert downtime.estimated({"downtime": span} if span else {}) == words


def test_it_shows_of_a_long_probe_what_is_around_its_gap() -> None:
    run = probed("..xx..")
    probe = Probe.objects.get(pk=run.pk)
    probe.begun_at = timezone.now() - timedelta(hours=3)
    shown = downtime.Probed(probe)
    assert len(shown.answers) == 6
    gap = shown.result.longest
    assert gap is not None
    begin, end = shown._window
    assert begin.timestamp() == pytest.approx(gap.begin - 60)
    assert end - begin == downtime.SHOWN


def test_it_draws_no_more_points_than_can_be_told_apart() -> None:
    found = answers("." * 5000)
    drawn = picture(found, gaps.read(found), "words")
    assert drawn is not None
    assert drawn.line.count("L") + drawn.line.count("M") <= COLUMNS + 1


def test_it_breaks_the_line_where_there_was_no_answer_and_nobody_asked() -> None:
    found = answers("....xx....          ....")
    drawn = picture(found, gaps.read(found), "words")
    assert drawn is not None
    assert drawn.line.count("M") == 3


def test_it_shows_a_slow_answer_as_a_peak() -> None:
    found = answers("...s...")
    drawn = picture(found, gaps.read(found), "words")
    assert drawn is not None
    assert drawn.most == "412 ms"
    heights = [float(y) for y in re.findall(r"[ML]\d+ ([\d.]+)", drawn.line)]
    assert heights.index(min(heights)) == 3


def test_it_draws_nothing_of_one_answer() -> None:
    found = answers(".")
    assert picture(found, gaps.read(found), "words") is None

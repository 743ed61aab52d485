"""Deaths, and people who meddle, while hosts are disabled: they end as they began.

Beyond what the crash matrix does to every procedure: a worker dies at each single
service, and Hypothesis plays all of it in any order.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import Any

import hypothesis
import pytest
from django.db import transaction
from hypothesis import strategies as st

from migrations_app.errors import Blocked, Conflict, Refused, Unreachable, WorldError
from migrations_app.models import Run
from migrations_app.runs import reenable_hosts
from migrations_app.runs.engine import lease
from pretend import Killed
from tests.crowd import Crowd, expect_as_before, expect_moved
from tests.stage import WALKING, dying_at_write

pytestmark = pytest.mark.django_db
SLICES = 4
CALLS = ["set_service", "service", "services", "hidden_hosts", "server", "migrate"]
CALLS += ["actions", "migrations", "confirm", "revert", "ports", "allocations"]
ERRORS: list[WorldError] = [
    Unreachable("Nova takes its time."),
    Conflict("Nova is busy."),
    Refused("Nova does not let us."),
    Blocked("Nova will not."),
]


@pytest.fixture(autouse=True)
def short_lease(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Leases lapse by the stage's clock, soon; the heart has nothing to do."""
    settings.NOVAWEB_LEASE = 600.0
    monkeypatch.setattr(lease, "lease_span", lambda: timedelta(seconds=4))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(6))
def test_it_survives_a_death_at_any_service(number: int, moment: Any) -> None:
    stage = Crowd()
    run = stage.begin()
    die_at(stage, "set_service", number, moment)
    expect_moved(stage, stage.play(run))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(6))
def test_it_goes_back_from_a_death_at_any_service(number: int, moment: Any) -> None:
    """Every one of the three that it disables, and of the three that it enables."""
    stage = Crowd()
    stage.cloud.spoil(stage.server, "check")
    run = stage.begin()
    die_at(stage, "set_service", number, moment)
    expect_as_before(stage, stage.play(run))


@pytest.mark.parametrize("call", ["services", "service", "hidden_hosts", "server"])
def test_it_survives_a_death_at_every_look(call: str) -> None:
    stage = Crowd()
    run = stage.begin()
    for _ in range(8):
        stage.cloud.die(call, "after")
    expect_moved(stage, stage.play(run, steps=1000))


def go_back(*, dying_at: int) -> int:
    """Go back from Nova's refusal, with a death at a write; return how many it took."""
    stage = Crowd()
    stage.cloud.spoil(stage.server, "check")
    run = stage.begin()
    with dying_at_write(dying_at) as count:
        run = stage.play(run)
    expect_as_before(stage, run)
    return count[0]


@cache
def writes_back() -> int:
    """Return how many writes the way back takes if nobody dies on it."""
    return go_back(dying_at=10**6)


@pytest.mark.parametrize("part", range(SLICES))
def test_it_goes_back_from_a_death_at_any_write(part: int) -> None:
    """Also when it is Nova that gives the move up, and nobody asks to stop."""
    for number in range(part, writes_back(), SLICES):
        go_back(dying_at=number)


def die_at(stage: Crowd, call: str, number: int, moment: str) -> None:
    """Kill the worker around the ``number``-th such request from now on, from 0."""
    real = getattr(stage.cloud, call)
    count = [0]

    def deadly(*args: Any, **options: Any) -> Any:
        count[0] += 1
        if count[0] == number + 1 and moment == "before":
            raise Killed(call)
        answer = real(*args, **options)
        if count[0] == number + 1:
            raise Killed(call)
        return answer

    setattr(stage.cloud, call, deadly)


# -- anything, in any order ------------------------------------------------------------

OFTEN = st.one_of(
    st.tuples(st.just("walk")),
    st.tuples(st.just("later"), st.sampled_from([1, 5, 30, 300])),
    st.tuples(st.just("watch")),
)
SELDOM = st.one_of(
    st.tuples(st.just("die"), st.sampled_from(CALLS), st.booleans()),
    st.tuples(st.just("fail"), st.sampled_from(CALLS), st.sampled_from(ERRORS)),
    st.tuples(st.just("disable"), st.sampled_from([*Crowd.others, "compute-34"])),
    st.tuples(st.just("enable"), st.sampled_from([*Crowd.others, "compute-35"])),
    st.tuples(st.just("stop")),
    st.tuples(st.just("spoil"), st.sampled_from(["check", "transfer", "finish"])),
)


class Meddling:
    """One move, and what happens to it; ``meant`` is what people want of each host."""

    def __init__(self) -> None:
        self.stage = Crowd(cold_seconds=20, trait_seconds=2)
        self.run = self.stage.begin()
        self.meant = {host: it[:2] for host, it in self.stage.before.items()}

    def walk(self) -> None:
        try:
            self.stage.walk(self.run)
        except Killed:
            self.stage.later(seconds=5)

    def later(self, seconds: int) -> None:
        self.stage.later(seconds=seconds)

    def watch(self) -> None:
        with suppress(Killed, WorldError):
            reenable_hosts.restore("pretend", self.stage.cloud, now=self.stage.time)

    def die(self, call: str, after: bool) -> None:
        self.stage.cloud.die(call, "after" if after else "before")

    def fail(self, call: str, error: WorldError) -> None:
        self.stage.cloud.fail(call, error)

    def disable(self, host: str) -> None:
        with self.mended():
            self.stage.disable(host, "Somebody wants it so")
        self.meant[host] = (False, "Somebody wants it so")

    def enable(self, host: str) -> None:
        with self.mended():
            self.stage.enable(host)
        self.meant[host] = (True, None)

    def stop(self) -> None:
        Run.objects.filter(pk=self.run.pk, state__in=WALKING).update(
            stop_asked_at=self.stage.time,
            stop_asked_by="operator",
            look_again_at=self.stage.time,
        )

    def spoil(self, moment: Any) -> None:
        self.stage.cloud.spoil(self.stage.server, moment)

    def mended(self) -> Any:
        return mended(self.stage)

    def expect_untouched(self) -> None:
        """What people have disabled is disabled, with their words."""
        for host, (enabled, reason) in self.meant.items():
            if not enabled:
                with mended(self.stage):
                    found = self.stage.cloud.service(host)
                assert (found.enabled, found.disabled_reason) == (enabled, reason)


class mended:
    """Meanwhile the cloud does what it is asked; afterwards its troubles are back."""

    def __init__(self, stage: Crowd) -> None:
        self.store = stage.cloud._store

    def __enter__(self) -> None:
        self.kept = self.store.rows("SELECT * FROM faults")
        self.store.run("DELETE FROM faults")

    def __exit__(self, *_: object) -> None:
        for row in self.kept:
            self.store.insert("faults", dict(row))


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(st.lists(st.one_of(OFTEN, OFTEN, SELDOM), max_size=40))
def test_every_host_ends_as_people_want_it(acts: list[tuple[Any, ...]]) -> None:
    rows = transaction.atomic()
    # the test's own: what a verb commits is not part of one transaction with it
    rows._from_testcase = True  # type: ignore[attr-defined]
    with rows:
        play(acts)
        transaction.set_rollback(True)


def play(acts: list[tuple[Any, ...]]) -> None:
    it = Meddling()
    for name, *words in acts:
        getattr(it, name)(*words)
        it.expect_untouched()
    stage, run = it.stage, it.run
    with mended(stage):
        for _ in range(300):
            run.refresh_from_db()
            if run.state not in WALKING:
                break
            stage.later(seconds=30)
            it.walk()
        assert run.state not in WALKING
        stage.later(seconds=60)
        it.watch()
        ended = {host: found[:2] for host, found in stage.services().items()}
        asked = stage.asked("migrate", "revertResize", "confirmResize")
    assert ended == it.meant
    assert len(asked) == len(set(asked)), "something was asked for twice"

"""What a stream of a run sends, to one reader and to several."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from migrations_app.models import Run, Session
from migrations_app.web.runs import feed, stream
from migrations_app.web.runs.feed import Feed
from migrations_app.web.runs.stream import Reader, Watch
from tests import factories
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the thread of all streams reads is read in the test's transaction."""

    def here(call: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        async def made(*words: Any, **named: Any) -> Any:
            return call(*words, **named)

        return made

    monkeypatch.setattr(stream, "in_reader", here)


def reader(user: User) -> Reader:
    """Return somebody who has just signed in."""
    client = Client()
    client.force_login(user)
    return Reader(user.pk, str(client.session.session_key))


def read(watch: Watch) -> str:
    """Read without an event loop, which would have a database connection of its own."""
    reading = watch.read()
    try:
        reading.send(None)
    except StopIteration as done:
        return str(done.value)
    raise AssertionError("It waits for something.")


def looked(feed: Feed, *watches: Watch) -> list[str]:
    """Look once for news, and return what it brings each who watches."""
    feed.look()
    return [read(watch) for watch in watches]


def ids(text: str) -> list[str]:
    return [line[4:] for line in text.split("\n") if line.startswith("id: ")]


@pytest.mark.parametrize("end", ["sign out", "switched off", "no role", "password"])
def test_it_ends_for_who_may_not_read_any_more(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(stream, "ASK_AGAIN", 0.0)
    run = factories.run(lines=["One."])
    user = cast.operator
    it = Feed(run.pk)
    watch = Watch(it, reader(user), after=0)
    assert "One." in looked(it, watch)[0]
    factories.write_line(run, "Two.")
    match end:
        case "sign out":
            Session.objects.all().delete()
        case "switched off":
            User.objects.filter(pk=user.pk).update(is_active=False)
        case "no role":
            user.groups.clear()
        case "password":
            user.set_password("another one, and long")
            user.save()
    assert looked(it, watch) == [""]
    assert (watch.closed, watch.over) == (True, False)


def test_it_says_everything_once_and_ends_with_the_run(cast: Cast) -> None:
    run = factories.run(lines=["One.", "Two."])
    it = Feed(run.pk)
    watch = Watch(it, reader(cast.operator), after=1)

    (first,) = looked(it, watch)
    assert ids(first) == ["2"]
    assert "event: part-steps" in first
    assert looked(it, watch) == [""]

    factories.write_line(run, "Three.")
    (second,) = looked(it, watch)
    assert ids(second) == ["3"]
    assert "event: part-" not in second
    assert not watch.over

    factories.write_line(run, "The move is done.")
    Run.objects.filter(pk=run.pk).update(state="completed", ended_at=timezone.now())
    (third,) = looked(it, watch)
    assert "The move is done." in third
    assert "event: part-head" in third
    assert watch.over


@pytest.mark.parametrize("state", ["completed", "running"])
def test_each_gets_every_line_in_order_wherever_they_begin(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr(feed, "KEPT", 30)
    monkeypatch.setattr(feed, "BATCH", 20)
    monkeypatch.setattr(stream, "BATCH", 20)
    run = factories.run(lines=[f"Line {n}." for n in range(1, 101)])
    it = Feed(run.pk)
    before = {0: "", 70: "", 95: "", 100: ""}
    watches = {after: Watch(it, reader(cast.operator), after=after) for after in before}
    for number in range(101, 181):
        factories.write_line(run, f"Line {number}.")
        if number % 27 == 0:  # more at once than one look reads
            it.look()
        for after, watch in watches.items():
            if number % (after + 3) == 0:  # some read seldom
                before[after] += read(watch)
    Run.objects.filter(pk=run.pk).update(state=state)
    for _ in range(20):
        it.look()
        for after, watch in watches.items():
            before[after] += read(watch)

    for after, sent in before.items():
        assert ids(sent) == [str(number) for number in range(after + 1, 181)]
    assert {w.over for w in watches.values()} == {state == "completed"}


def test_it_does_not_end_before_the_last_line_of_many(cast: Cast) -> None:
    run = factories.run(lines=[f"Line {n}." for n in range(450)], state="completed")
    it = Feed(run.pk)
    watch = Watch(it, reader(cast.operator), after=0)

    sent = ""
    for _ in range(5):
        sent += looked(it, watch)[0]

    assert watch.over
    assert sent.count("event: line\n") == 450


def test_what_one_has_read_costs_the_others_nothing(cast: Cast) -> None:
    run = factories.run(lines=["One."])
    it = Feed(run.pk)
    watches = [Watch(it, reader(cast.operator), after=1) for _ in range(5)]
    looked(it, *watches)
    factories.write_line(run, "Two.")
    Run.objects.filter(pk=run.pk).update(looked_at=timezone.now())
    with CaptureQueriesContext(
        connection,
    ) as one:
        first = looked(it, watches[0])
    with CaptureQueriesContext(connection) as others:
        rest = [read(watch) for watch in watches[1:]]

    assert rest == first * 4
    assert ids(first[0]) == ["2"]
    assert len(one) > 2
    assert len(others) == 0


def test_only_who_may_gets_the_buttons(cast: Cast) -> None:
    run = factories.run()
    it = Feed(run.pk)
    both = [Watch(it, reader(u), after=0) for u in (cast.operator, cast.requester)]

    may, may_not = looked(it, *both)

    assert "Stop this run" in may
    assert "Stop this run" not in may_not


def test_lines_alone_have_the_parts_laid_out_once_a_second(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(feed, "monotonic", lambda: now)
    run = factories.run(lines=["One."])
    it = Feed(run.pk)
    editions, told = [], []
    for later in (0.0, 0.2, 0.2, 0.7, 0.2, 1.0, 1.0):
        now += later
        if later < 1.0:
            factories.write_line(run, "On it goes.")
        told.append(it.look())
        editions.append(it.edition)

    assert editions == [1, 1, 1, 2, 2, 3, 3]
    assert told == [True, True, True, True, True, True, False]


def test_a_run_that_is_gone_ends_its_streams(cast: Cast) -> None:
    it = Feed(factories.run().pk + 1000)
    watch = Watch(it, reader(cast.operator), after=0)

    assert looked(it, watch) == [""]
    assert watch.over

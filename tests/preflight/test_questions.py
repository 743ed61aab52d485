"""Questions to a cloud are put side by side where it takes several at a time."""

from __future__ import annotations

import threading

import pytest

from migrations_app.errors import Gone
from migrations_app.preflight.questions import asking


def test_they_are_under_way_at_once() -> None:
    both = threading.Barrier(2, timeout=60)  # neither answers before the other is put
    with asking(2) as ask:
        answers = [ask(both.wait), ask(both.wait)]
    assert sorted(answer() for answer in answers) == [0, 1]


def test_an_error_is_raised_where_the_answer_is_wanted() -> None:
    def gone() -> str:
        raise Gone("instance 7")

    with asking(2) as ask:
        bad, good = ask(gone), ask(lambda: "here")
    assert good() == "here"
    with pytest.raises(Gone):
        bad()


def test_one_at_a_time_is_put_by_who_waits_for_it() -> None:
    put: list[threading.Thread] = []
    with asking(1) as ask:
        answer = ask(lambda: put.append(threading.current_thread()))
        assert put == []
        answer()
    assert put == [threading.current_thread()]

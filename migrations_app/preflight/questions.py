"""Questions to the neighbours of one cloud, several of them under way at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Protocol, TypeVar

T = TypeVar("T")


class Ask(Protocol):
    """Puts a question, and returns what waits for its answer or raises its error."""

    def __call__(self, question: Callable[[], T], /) -> Callable[[], T]: ...


@contextmanager
def asking(at_once: int) -> Iterator[Ask]:
    """Put up to ``at_once`` questions at a time, and wait for all of them at the end.

    With 1 each is put where its answer is waited for, and by the same thread.
    """
    if at_once == 1:
        yield lambda question: question
        return
    with ThreadPoolExecutor(at_once, thread_name_prefix="asking") as pool:

        def ask(question: Callable[[], T], /) -> Callable[[], T]:
            # what is logged meanwhile names the request that it is about
            return pool.submit(copy_context().run, question).result

        yield ask

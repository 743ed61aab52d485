"""Several processes of pytest use the lab at once, but for tests that want it alone.

Most of them wait, for guests to boot or for Nova. Tests that are marked ``alone`` wait
until every other process is between two tests, and keep it there; those that follow on
each other wait once.

What they do besides waiting comes before all other tests, by the kernel's nice: these
fill the gaps, and the whole ends sooner than if the lab's tests were its last part.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.lab_plugin import folder

TURN = pytest.StashKey[ExitStack]()
NICE = 7  # while the lab's tests want a processor, others get a sixth of it


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if os.environ["NOVAWEB_TEST_LAB"] and os.geteuid() == 0:
        os.setpriority(
            os.PRIO_PROCESS, 0, 0 if item.get_closest_marker("lab") else NICE
        )
    if item.get_closest_marker("lab") and TURN not in item.config.stash:
        turn = item.config.stash[TURN] = ExitStack()
        # who wants it alone stops others here, so that its turn comes
        with _held("gate", fcntl.LOCK_EX):
            how = fcntl.LOCK_EX if _alone(item) else fcntl.LOCK_SH
            turn.enter_context(_held("lab", how))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if TURN in item.config.stash and not (_alone(item) and _alone(nextitem)):
        item.config.stash[TURN].close()
        del item.config.stash[TURN]


def _alone(item: pytest.Item | None) -> bool:
    return item is not None and item.get_closest_marker("alone") is not None


@contextmanager
def _held(name: str, how: int) -> Iterator[None]:
    with (folder() / f"{name}.turn").open("w") as file:
        fcntl.flock(file, how)
        yield

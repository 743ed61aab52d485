"""Each test is given to one process, groups stay together, what is done is gone."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest

from tests.scheduler import Forgetting

ALONE = [f"tests/test_it.py::test_it[{number}]" for number in range(40)]
GROUP = [f"tests/test_group.py::test_it[{number}]@browser" for number in range(5)]


class Process:
    """What the scheduler knows of a process: it is given numbers of tests."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.given: deque[int] = deque()
        self.done: list[int] = []
        self.shutting_down = False

    def send_runtest_some(self, numbers: list[int]) -> None:
        self.given.extend(numbers)

    def shutdown(self) -> None:
        self.shutting_down = True


class Run:
    """Two processes that have collected the same tests."""

    def __init__(self, config: pytest.Config) -> None:
        self.tests = [*ALONE[:20], *GROUP, *ALONE[20:]]
        self.scheduler: Any = Forgetting(config)
        self.scheduler.numnodes = 2
        self.processes = [Process("gw0"), Process("gw1")]
        for each in self.processes:
            self.scheduler.add_node(each)
            self.scheduler.add_node_collection(each, self.tests)
        self.scheduler.schedule()

    def kept(self) -> list[str]:
        """Return what the scheduler remembers of all processes."""
        work = self.scheduler.assigned_work.values()
        return [test for groups in work for group in groups.values() for test in group]

    def step(self, process: Process) -> None:
        """Have the process do the next of its tests."""
        number = process.given.popleft()
        process.done.append(number)
        self.scheduler.mark_test_complete(process, number)

    def to_its_end(self) -> None:
        while any(each.given for each in self.processes):
            for each in self.processes:
                if each.given:
                    self.step(each)


@pytest.fixture
def run(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> Run:
    # two processes, whatever this one is
    monkeypatch.setattr(pytestconfig.option, "tx", ["2*popen"])
    return Run(pytestconfig)


def test_every_test_is_done_once(run: Run) -> None:
    run.to_its_end()
    done = sorted(number for each in run.processes for number in each.done)
    assert done == list(range(len(run.tests)))
    assert run.scheduler.tests_finished
    assert all(each.shutting_down for each in run.processes)


def test_a_group_is_done_by_one_process_in_its_order(run: Run) -> None:
    run.to_its_end()
    done = [[run.tests[n] for n in each.done] for each in run.processes]
    (whole,) = [them for them in done if GROUP[0] in them]
    at = whole.index(GROUP[0])
    assert whole[at : at + len(GROUP)] == GROUP


def test_what_is_done_is_not_gone_through_again(run: Run) -> None:
    assert len(run.kept()) < len(run.tests)
    while run.scheduler.workqueue:
        for each in run.processes:
            run.step(each)
        # a group, and two tests ahead for each
        assert len(run.kept()) <= len(GROUP) + 2 * (2 + 1)


def test_what_a_process_left_undone_when_it_died_is_given_to_another(run: Run) -> None:
    dead, other = run.processes
    run.step(dead)
    assert run.scheduler.remove_node(dead) == run.tests[dead.given[0]]
    run.processes = [other]
    run.to_its_end()
    assert {*dead.done, *other.done} == {*range(len(run.tests))}
    assert not {*dead.done} & {*other.done}

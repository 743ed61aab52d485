"""What starts other programs is tried again when it fails, and nothing else is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.groups import pytest_collection_modifyitems
from tests.lab_plugin import ROOT


class Collected:
    """A test as pytest has collected it."""

    path = ROOT / "tests/processes/test_some.py"

    def __init__(
        self, *marks: str, fixtures: tuple[str, ...] = (), nodeid: str = "tests/a.py::b"
    ) -> None:
        self.nodeid = nodeid
        self.marks = {name: getattr(pytest.mark, name) for name in marks}
        self.fixturenames = list(fixtures)

    def get_closest_marker(self, name: str) -> Any:
        return self.marks.get(name)

    def add_marker(self, mark: Any) -> None:
        mark = getattr(pytest.mark, mark) if isinstance(mark, str) else mark
        self.marks[mark.name] = mark


def tries_more(item: Any) -> int:
    pytest_collection_modifyitems([item])
    flaky = item.get_closest_marker("flaky")
    return int(flaky.kwargs["reruns"]) if flaky else 0


@pytest.mark.parametrize("mark", ["lab", "browser", "server"])
def test_beside_other_programs_a_test_has_a_second_try(mark: str) -> None:
    assert tries_more(Collected(mark)) == 1


def test_a_fixture_that_starts_a_server_is_enough() -> None:
    assert tries_more(Collected(fixtures=("sshd",))) == 1


def test_the_folder_of_the_browser_is_enough() -> None:
    # the hook of that folder's own conftest comes later than the one that looks
    assert tries_more(Collected(nodeid="tests/browser/test_some.py::test_it")) == 1


@pytest.mark.parametrize("marks", [(), ("long",), ("django_db",)])
def test_what_runs_by_itself_has_one_try(marks: tuple[str, ...]) -> None:
    assert tries_more(Collected(*marks)) == 0


def test_three_chances_are_all_that_a_run_has_and_each_is_told(
    pytestconfig: pytest.Config,
) -> None:
    told = SimpleNamespace(**vars(pytestconfig.option))
    assert (told.max_suite_reruns, told.rerun_show_tracebacks) == (3, True)

"""A test whose emulated guest panicked is tried once more, and no other test is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.processes.conftest import pytest_pyfunc_call
from tests.processes.hypervisors import KernelGaveUp


class Guests:
    """A test on a hypervisor that goes wrong so often."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.tried = 0

    def test(self, hypervisors: str) -> None:
        self.tried += 1
        if self.errors:
            raise self.errors.pop()

    def run(self) -> None:
        given = {"hypervisors": "h", "other": "o"}
        pytest_pyfunc_call(cast("Any", SimpleNamespace(obj=self.test, funcargs=given)))


@pytest.mark.parametrize("errors", [[], [KernelGaveUp("end Kernel panic")]])
def test_it_may_happen_once(errors: list[Exception]) -> None:
    guests = Guests(*errors)
    guests.run()
    assert guests.tried == len(errors) + 1


@pytest.mark.parametrize(
    "errors",
    [[AssertionError("lost")], [KernelGaveUp("one"), KernelGaveUp("another")]],
)
def test_nothing_else_is_tried_again_nor_that_for_ever(errors: list[Exception]) -> None:
    guests = Guests(*errors)
    with pytest.raises(AssertionError):
        guests.run()
    assert guests.tried == len(errors)

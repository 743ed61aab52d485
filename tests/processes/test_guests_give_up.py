"""A guest that will never count again is not waited for, without a lab."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.processes.hypervisors import Hypervisors, Tick

PANIC = "[ 427.2] ---[ end Kernel panic - not syncing: Fatal exception ]---\n"
TICKS = "tick 6 boot 1 uptime 9.5\ntick 7 boot 1 uptime 10.5\n"


def with_console(text: str) -> Hypervisors:
    class Told(Hypervisors):
        def console(self, server_id: str) -> str:
            return text

    return Told(place=cast(Any, None), facts={})


def test_a_guest_whose_kernel_has_given_up_is_not_waited_for() -> None:
    with pytest.raises(AssertionError, match="the guest's kernel has given up"):
        with_console(TICKS + PANIC).later("a-guest", Tick(1, 7, 10.5))


def test_a_guest_that_was_started_again_counts() -> None:
    hypervisors = with_console(PANIC + TICKS)
    assert hypervisors.later("a-guest", Tick(1, 6, 9.5)) == Tick(1, 7, 10.5)

"""A child process that a killed pytest does not leave behind."""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def end_with_parent(number: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """Return what has the kernel send a child that signal when its parent dies.

    It is for ``preexec_fn``, which runs after a change of the account: that would
    forget it (prctl(2), PR_SET_PDEATHSIG).
    """

    def prepare() -> None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)

    return prepare

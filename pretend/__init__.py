"""A cloud for tests, and for development where there is no cloud.

It answers as Nova answers: 202 at once, states that change by and by, records, events,
allocations on both hosts during a move, and the same refusals. What it cannot do is
move anything. ``builder`` and ``faults`` say how to make things in it and how to break
them, ``seed`` fills it.
"""

from __future__ import annotations

from pretend.cloud import PretendCloud
from pretend.faults import Killed
from pretend.seed import grow, seed

__all__ = ["Killed", "PretendCloud", "grow", "seed"]

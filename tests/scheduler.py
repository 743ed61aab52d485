"""pytest-xdist's scheduler, which forgets what is done.

Its own (3.8, LoadScopeScheduling._pending_of) goes through all that a process ever got
whenever that process has done a test: with thousands of tests that takes seconds.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling, Scheduling
from xdist.workermanage import WorkerController


class Forgetting(LoadGroupScheduling):  # type: ignore[misc]
    """Of each process it keeps the groups that are not done."""

    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        """Note that the process has done the test; forget its group if all of it is."""
        group = self._split_scope(self.registered_collections[node][item_index])
        super().mark_test_complete(node, item_index, duration)
        assigned = self.assigned_work[node]
        if all(assigned[group].values()):
            del assigned[group]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Producer
) -> Scheduling | None:
    """Schedule by groups, unless another way is asked for on the command line."""
    by_groups = config.getoption("dist") == "loadgroup"
    return Forgetting(config, log) if by_groups else None

"""A stage, and our copy of its hosts."""

from __future__ import annotations

import pytest

from tests import factories
from tests.cast import Cast, cast
from tests.cast import stage as bare_stage
from tests.stage import Stage

__all__ = ["bare_stage", "cast"]


@pytest.fixture
def stage(bare_stage: Stage, cast: Cast) -> Stage:
    """The stage, with its two hosts in the inventory."""
    for host in (bare_stage.source, bare_stage.target):
        factories.hypervisor(host, zone="OS1")
    return bare_stage

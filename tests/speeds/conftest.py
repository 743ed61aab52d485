"""A stage whose hosts may be entered, and our copy of them."""

from __future__ import annotations

import pytest

from migrations_app import wiring
from tests import factories
from tests.cast import Cast, cast
from tests.cast import stage as bare_stage
from tests.stage import Stage

__all__ = ["bare_stage", "cast"]


@pytest.fixture
def stage(bare_stage: Stage, monkeypatch: pytest.MonkeyPatch, cast: Cast) -> Stage:
    """The stage, with its two hosts in the inventory and a way into them."""
    monkeypatch.setattr(wiring, "_hosts", lambda name: bare_stage.cloud.hosts)
    for host in (bare_stage.source, bare_stage.target):
        factories.hypervisor(host, zone="OS1")
    return bare_stage

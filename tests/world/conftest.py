"""A stage whose hosts and database may be entered."""

from __future__ import annotations

import pytest

from migrations_app import wiring
from tests.cast import cast
from tests.cast import stage as bare_stage
from tests.stage import Stage

__all__ = ["bare_stage", "cast"]


@pytest.fixture
def stage(bare_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The stage, with a way into its hosts and its database."""
    monkeypatch.setattr(wiring, "_hosts", lambda name: bare_stage.cloud.hosts)
    monkeypatch.setattr(wiring, "_nova_db", lambda name: bare_stage.cloud.nova_db)
    return bare_stage

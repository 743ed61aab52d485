"""What Hypothesis plays on: a stage, whose rows are gone when one story is over."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis.stateful import RuleBasedStateMachine

from migrations_app.integrations import connect
from tests.stage import Stage


class Play(RuleBasedStateMachine):
    """One instance on the pretend cloud, with a clock of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = transaction.atomic()
        # the test's own: what a verb commits is not part of one transaction with it
        self.rows._from_testcase = True  # type: ignore[attr-defined]
        self.rows.__enter__()
        self.stage = Stage()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(connect, "_cloud", lambda name: self.stage.cloud)
        self.patch.setattr(timezone, "now", self.stage.clock)

    def teardown(self) -> None:
        self.patch.undo()
        transaction.set_rollback(True)
        self.rows.__exit__(None, None, None)

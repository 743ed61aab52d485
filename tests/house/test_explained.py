"""A failed assertion in what tests call says what it compared."""

from __future__ import annotations

import pytest

from tests.processes.field import expect_completed


class Held:
    """A request that a run held."""

    pk, state, why = 1, "held", "nobody knows"

    def refresh_from_db(self) -> None:
        """Nothing changes any more."""


def test_it_says_why_a_request_is_not_completed() -> None:
    with pytest.raises(AssertionError, match="nobody knows"):
        expect_completed(Held())  # type: ignore[arg-type]

"""Which speed an estimate is made with: the best that is known of the pair."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from migrations_app.preflight.copy_speeds import Speed, Speeds

THEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def measured(mbit: int, source: str, target: str, *, days: int = 0) -> Speed:
    return Speed(mbit, THEN + timedelta(days=days), source, target)


KNOWN = Speeds.of(
    [
        measured(900, "a", "b"),
        measured(400, "b", "a", days=1),
        measured(700, "c", "a", days=2),
        measured(200, "d", "e", days=3),
    ],
    assumed=1000,
)


@pytest.mark.parametrize(
    ("source", "target", "mbit"),
    [
        ("a", "b", 900),  # its own
        ("a", "c", 700),  # the way back
        ("a", "x", 700),  # the newest of the one that is known
        ("x", "d", 200),
        ("a", "d", 200),  # the slower of both hosts' newest
        ("a", None, 700),  # the scheduler's choice: what is known of the source
        ("x", "y", 1000),  # assumed
        ("x", None, 1000),
    ],
)
def test_it_takes_the_best_that_is_known(
    source: str, target: str | None, mbit: int
) -> None:
    assert KNOWN.between(source, target).mbit == mbit


def test_what_is_assumed_was_not_measured() -> None:
    assert KNOWN.between("x", "y").as_dict() == {
        "mbit": 1000,
        "measured_at": None,
        "source": None,
        "target": None,
    }
    assert KNOWN.between("a", "b").as_dict()["measured_at"] == THEN.isoformat()

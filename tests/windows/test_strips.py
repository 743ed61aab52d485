"""Windows and freezes at a glance: where the bars are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from migrations_app.web.windows.strips import WIDTH, scale, strips

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def time(rule: Any, begin: float, end: float) -> Any:
    """Return an occurrence so many days from now."""
    return SimpleNamespace(
        rule=rule,
        begins=NOW + timedelta(days=begin),
        ends=NOW + timedelta(days=end),
    )


def test_each_window_is_a_strip_with_a_bar_for_each_time() -> None:
    night = SimpleNamespace(id=1, name="Night")
    freeze = SimpleNamespace(id=2, name="Freeze")

    found = strips(
        [time(night, 0, 3), time(freeze, 15, 30), time(night, 6, 9)], since=NOW, days=30
    )

    assert [each.words for each in found] == ["Night: 2 times", "Freeze: 1 time"]
    bars = [(bar.x, bar.width) for bar in found[0].bars]
    assert bars == [("0.0", "72.0"), ("144.0", "72.0")]


def test_no_bar_leaves_the_drawing_and_each_can_be_seen() -> None:
    rule = SimpleNamespace(id=1, name="Night")

    (found,) = strips(
        [time(rule, -5, 1), time(rule, 10, 10.001), time(rule, 29.999, 40)],
        since=NOW,
        days=30,
    )

    for bar in found.bars:
        assert float(bar.width) >= 2
        assert 0 <= float(bar.x) <= float(bar.x) + float(bar.width) <= WIDTH


def test_the_scale_has_midnights_a_week_apart() -> None:
    marks = scale(since=NOW, days=30)

    assert [mark.at.isoformat()[:10] for mark in marks] == [
        *("2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"),
    ]
    assert marks[0].x == "12.0"

"""One reading of a cloud, in which one odd item hides none of the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from migrations_app.errors import WorldError
from migrations_app.models import Cloud, LaneOf, OneByOne

Row = TypeVar("Row")


class Reading:
    """What is read of one cloud at ``now``, with the lane for what cannot be."""

    def __init__(self, cloud: Cloud, lane: LaneOf, now: datetime) -> None:
        self.cloud = cloud
        self.now = now
        self.lane = OneByOne(lane, now)

    def named(self, item: str) -> str:
        """Return the item's name in the lane."""
        return f"{item} of {self.cloud.name}"

    def row(
        self, item: str, unread: str, make: Callable[[datetime], Row]
    ) -> Row | None:
        """Return the item's row; None, which is noted, if it cannot be made."""
        try:
            if unread:
                raise WorldError(unread)
            return make(self.now)
        except Exception as error:  # noqa: BLE001 - noted, and logged with it
            self.lane.note(self.named(item), error)
            return None

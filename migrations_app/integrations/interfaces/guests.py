"""What novaweb asks of a guest itself, over the network, while it moves."""

from __future__ import annotations

from typing import Protocol


class Reachable(Protocol):
    """One guest, to be asked whether it is there. Used in a running asyncio loop."""

    async def knock(self, timeout: float) -> float | None:
        """Return how many ms it took to answer; None when it did not in time."""
        ...

    def close(self) -> None:
        """Let go of what was open."""
        ...

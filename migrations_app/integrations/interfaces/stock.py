"""What a host has of one resource class."""

from __future__ import annotations

import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stock:
    """What a host has of one resource class; ``used`` includes running moves."""

    total: int
    reserved: int
    ratio: float
    used: int
    max_unit: int

    @property
    def capacity(self) -> int:
        """How much may be allocated in all: (total - reserved) x ratio."""
        return int((self.total - self.reserved) * self.ratio)

    @property
    def free(self) -> int:
        """How much may still be allocated; never below nought."""
        return max(0, self.capacity - self.used)

    @property
    def surely_free(self) -> int:
        """How much the scheduler is offered of that, whatever placement's database.

        MySQL keeps the ratio as a 32-bit float (placement/db/sqlalchemy/models.py,
        Inventory), and offers are chosen there: of 100 x 1.3 it offers 129.
        """
        ratio: float = struct.unpack("f", struct.pack("f", self.ratio))[0]
        offered = int((self.total - self.reserved) * min(ratio, self.ratio))
        return max(0, offered - self.used)

"""Allocations and port bindings of one host, used to find stale resources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Binding:
    """A network port of an instance that is bound to the host that was asked about."""

    port_id: str
    server_id: str


class HostAllocations(Protocol):
    """One part of a cloud. Methods raise as those of ``Cloud`` do."""

    def consumers(self, host: str) -> dict[str, dict[str, int]]:
        """Return who holds what of the host: consumer -> resource class -> amount.

        A consumer is a server, or the record of a move; placement does not say which
        (``/resource_providers/{uuid}/allocations``). Empty for a host it has not.
        """
        ...

    def bindings(self, host: str) -> list[Binding]:
        """Return the ports of instances that are bound to the host."""
        ...

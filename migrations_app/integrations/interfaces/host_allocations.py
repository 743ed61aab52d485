"""Allocations and port bindings of one host, used to find stale resources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding of an instance's network port to the host that was asked about.

    Each port has one that is active. Another is made on the target of a live migration,
    and is to become the active one; what is left of a move that failed stays inactive.
    """

    port_id: str
    server_id: str
    active: bool = True


class HostAllocations(Protocol):
    """One part of a cloud. Methods raise as those of ``Cloud`` do."""

    def consumers(self, host: str) -> dict[str, dict[str, int]]:
        """Return who holds what of the host: consumer -> resource class -> amount.

        A consumer is a server, or the record of a move; placement does not say which
        (``/resource_providers/{uuid}/allocations``). What is held of providers below
        the host's own (virtual GPUs, bandwidth) is added. Empty for a host it has not.
        """
        ...

    def bindings(self, host: str) -> list[Binding]:
        """Return the bindings of instances' ports to the host."""
        ...

    def left_bindings(self, server_id: str, host: str) -> list[str]:
        """Return the ports of the server that have an inactive binding to the host."""
        ...

"""Whom a probe asks: an address of the instance, or one that the operators allow.

The form is ``icmp:ADDRESS`` or ``tcp:ADDRESS:PORT``, an IPv6 address in brackets where
a port follows. Names are not taken: what they stand for may change, and nobody is to
look at the inside of a network through novaweb.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from migrations_app.errors import Unfit

_FORM = re.compile(
    r"icmp:(?P<pinged>[0-9A-Fa-f:.]+)"
    r"|tcp:(?P<called>[0-9.]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})"
)


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to ask, and how; ``port`` is None for ICMP."""

    address: IPv4Address | IPv6Address
    port: int | None = None

    def __str__(self) -> str:
        if self.port is None:
            return f"icmp:{self.address}"
        if self.address.version == 6:
            return f"tcp:[{self.address}]:{self.port}"
        return f"tcp:{self.address}:{self.port}"


def parse(text: str) -> Target:
    """Return whom the text names. Raises Unfit."""
    found = _FORM.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        address = ip_address((found["pinged"] or found["called"]).strip("[]"))
        port = int(found["port"]) if found["port"] else None
        if port is not None and not 0 < port < 65536:
            raise ValueError(text)
    except ValueError:
        raise Unfit(
            f"“{text[:80]}” is no probe. It is icmp:ADDRESS or tcp:ADDRESS:PORT, for"
            " example icmp:192.0.2.10, tcp:192.0.2.10:22 or tcp:[2001:db8::10]:22."
        ) from None
    return Target(address, port)


def admit(target: Target, *, own: Iterable[str], networks: Iterable[str]) -> None:
    """Check that the target is one of the instance's own addresses, or allowed.

    ``networks`` are CIDRs. Tenants choose the addresses of their instances, so those
    that mean the asking machine are taken from ``networks`` alone. Raises Unfit.
    """
    address = target.address
    if address.is_multicast or address.is_unspecified:
        raise Unfit(f"{address} is not the address of one guest: it is not probed.")
    mine = [text for text in own if text]
    if any(address in ip_network(text, strict=False) for text in networks):
        return
    if _is_of_the_asker(address):
        raise Unfit(
            f"{address} is never a guest's, whatever its tenant calls its own: novaweb"
            " would ask its own machine, or its neighbours. It is not probed."
        )
    if address in {_known(text) for text in mine}:
        return
    known = f"Its addresses are {', '.join(mine)}." if mine else "It has none."
    raise Unfit(
        f"{address} is not an address of the instance, and not in a network that"
        f" administrators have permitted for probes. {known}"
    )


def _is_of_the_asker(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address leads each machine to itself, or to what is on its wire."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_link_local or address.is_reserved


def _known(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address; None: it is none, also where somebody says so."""
    try:
        return ip_address(text)
    except ValueError:
        return None

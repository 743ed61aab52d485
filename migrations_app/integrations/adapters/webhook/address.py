"""Which addresses a webhook may have, so that novaweb asks nobody it should not.

A person types the address, and novaweb stands where that person does not: beside the
cloud's own interfaces, databases and metadata. So only public addresses are asked,
over https, unless those who run novaweb have named the network.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

from migrations_app.errors import Refused, Unfit, Unreachable

IP = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
_NAT64 = ip_network("64:ff9b::/96")
# What may be asked, and what of it is for special purposes: IANA's registries of both
# (RFC 6890 and later), all their entries. Python's own tables lack some.
_GLOBAL = (ip_network("0.0.0.0/0"), ip_network("2000::/3"))
_SPECIAL = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8"),
            *("169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24"),
            *("192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48"),
            "3fff::/20",
        ),
    )
)
_SETTING = "NOVAWEB_WEBHOOK_NETWORKS"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a webhook is, in parts. ``path`` has the query with it."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def name(self) -> str:
        """The host as a URL and the Host header write it, with an unusual port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"
        )


def parse(url: str) -> Address:
    """Return the address in parts. Raises Unfit."""
    if not url.isascii() or any(char <= " " or char == "\x7f" for char in url):
        raise Unfit(
            "A webhook's address has no spaces and only plain letters: write a name"
            " with others in its xn-- form."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Unfit(f"This is no address of a webhook: {error}.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Unfit("A webhook's address begins with https:// and names a host.")
    if parts.username is not None or parts.password is not None:
        raise Unfit(
            "Leave name and password out of a webhook's address: it is shown to all"
            " operators. The signature says who sends."
        )
    if parts.fragment or "\\" in url:
        raise Unfit("A webhook's address has no # and no \\ in it.")
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if port == 0:
        raise Unfit("A webhook's port is 1 to 65535.")
    return Address(secure, parts.hostname, port or (443 if secure else 80), path)


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses that the host's name has now. Raises Unreachable."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"The name {host} has no address: {error}.") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def admit(
    address: Address, networks: Sequence[str], *, resolve: Resolve = resolve
) -> list[str]:
    """Return the IP addresses that may be asked there, in order.

    Raises Refused if any that the name has may not be: a name that means a public and
    a private address at once is somebody's trick. Raises Unreachable.
    """
    named = [_named(each) for each in networks]
    found = list(resolve(address.host, address.port))
    if not found:
        raise Unreachable(f"The name {address.host} has no address.")
    for text in found:
        meant = _meant(ip_address(text.partition("%")[0]))
        if any(meant in network for network in named):
            continue
        if not _is_public(meant):
            raise Refused(
                f"{address.host} is {text}, which is no public address: novaweb posts"
                f" there only if {_SETTING} names its network."
            )
        if not address.secure:
            raise Refused(
                f"{address.host} is asked over https only, unless {_SETTING} names its"
                " network."
            )
    return found


def _named(text: str) -> IPv4Network | IPv6Network:
    """Return the network of the settings. Raises Refused, since it allows nothing."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        raise Refused(
            f"{_SETTING} has “{text[:100]}”, which is no network: nothing is posted"
            " until it is corrected."
        ) from None


def _is_public(ip: IP) -> bool:
    return any(ip in network for network in _GLOBAL) and not any(
        ip in network for network in _SPECIAL
    )


def _meant(ip: IP) -> IP:
    """Return the IPv4 address that an IPv6 address carries inside, if it does."""
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip

"""Asking a guest by ICMP echo, without being root where the kernel permits it.

A datagram socket for ICMP needs no privilege but a group within
net.ipv4.ping_group_range (man icmp(7)); else CAP_NET_RAW is needed for a raw one.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import struct
import time
from ipaddress import IPv4Address, IPv6Address

from migrations_app.errors import Refused

_ECHO, _REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}
_HEADER = struct.Struct("!BBHHH")


class Pinger:
    """Sends echo requests to one address. To be made and used in a running loop."""

    def __init__(self, address: IPv4Address | IPv6Address) -> None:
        """Open the socket. Raises Refused when this process may not send ICMP."""
        self._version = address.version
        self._socket, self._raw = _open(address.version)
        self._socket.setblocking(False)
        self._place = (str(address), 0)
        self._loop = asyncio.get_running_loop()
        # an answer is known by these bytes, whoever else pings from this machine
        self._token = secrets.token_bytes(8)
        self._number = 0
        self._waiting: dict[int, asyncio.Future[float]] = {}
        self._reader = self._loop.create_task(self._read())

    async def knock(self, timeout: float) -> float | None:
        """Return the ms until the answer; None when there is none in time."""
        self._number = (self._number + 1) % 2**32
        number = self._number
        answer: asyncio.Future[float] = self._loop.create_future()
        self._waiting[number] = answer
        begun = time.perf_counter()
        try:
            packet = self._packet(number)
            await self._loop.sock_sendto(self._socket, packet, self._place)
            ended = await asyncio.wait_for(answer, timeout)
        except (OSError, TimeoutError):
            return None  # no route, or no answer: nobody is there for us
        finally:
            self._waiting.pop(number, None)
        return (ended - begun) * 1000

    def close(self) -> None:
        """Let go of the socket."""
        self._reader.cancel()
        self._socket.close()

    def _packet(self, number: int) -> bytes:
        # a datagram socket's identifier is filled in by the kernel, as the sum is
        payload = self._token + struct.pack("!I", number)
        identifier = int.from_bytes(self._token[:2], "big")
        short = number % 2**16
        head = _HEADER.pack(_ECHO[self._version], 0, 0, identifier, short)
        total = _sum(head + payload) if self._version == 4 else 0
        head = _HEADER.pack(_ECHO[self._version], 0, total, identifier, short)
        return head + payload

    async def _read(self) -> None:
        while True:
            try:
                data = await self._loop.sock_recv(self._socket, 2048)
            except OSError:  # what the network says of one packet
                await asyncio.sleep(0.05)
            else:
                self._heard(data, time.perf_counter())

    def _heard(self, data: bytes, at: float) -> None:
        if self._raw and self._version == 4 and data:
            data = data[4 * (data[0] & 0x0F) :]  # the IP header
        if len(data) < _HEADER.size + 12 or data[0] != _REPLY[self._version]:
            return
        payload = data[_HEADER.size :]
        if payload[:8] != self._token:
            return
        answer = self._waiting.get(struct.unpack("!I", payload[8:12])[0])
        if answer is not None and not answer.done():
            answer.set_result(at)


def _open(version: int) -> tuple[socket.socket, bool]:
    family, protocol = (
        (socket.AF_INET, socket.IPPROTO_ICMP)
        if version == 4
        else (socket.AF_INET6, socket.IPPROTO_ICMPV6)
    )
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        with contextlib.suppress(PermissionError):
            return socket.socket(family, kind, protocol), kind == socket.SOCK_RAW
    raise Refused(
        f"The worker on {socket.gethostname()} may not send ICMP: let its group into"
        " the kernel's net.ipv4.ping_group_range, give it CAP_NET_RAW, or ask for a"
        " probe by TCP."
    )


def _sum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF

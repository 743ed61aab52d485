"""Asking a guest by opening a TCP connection, and closing it at once."""

from __future__ import annotations

import asyncio
import socket
import time
from ipaddress import IPv4Address, IPv6Address


class Caller:
    """Opens connections to one port of one address."""

    def __init__(self, address: IPv4Address | IPv6Address, port: int) -> None:
        self._family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        self._place = (str(address), port)

    async def knock(self, timeout: float) -> float | None:
        """Return the ms until the connection stood; None when it did not in time.

        A port that refuses is no answer: the guest may be there, its service is not.
        """
        begun = time.perf_counter()
        call = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            call.setblocking(False)
            loop = asyncio.get_running_loop()
            await asyncio.wait_for(loop.sock_connect(call, self._place), timeout)
        except (OSError, TimeoutError):
            return None
        finally:
            call.close()
        return (time.perf_counter() - begun) * 1000

    def close(self) -> None:
        """Nothing is kept open between two questions."""

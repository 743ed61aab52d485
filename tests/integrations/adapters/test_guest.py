"""Asking a guest, on a real network: the loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

import pytest

from migrations_app.errors import Refused
from migrations_app.integrations.adapters.guest import Caller, Pinger, icmp

HERE = ip_address("127.0.0.1")


@asynccontextmanager
async def listening() -> AsyncIterator[int]:
    """A server on a port of the loopback that takes connections."""
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def may_ping() -> bool:
    try:
        opened, _ = icmp._open(4)
    except Refused:
        return False
    opened.close()
    return True


def test_it_measures_how_long_a_connection_takes() -> None:
    async def ask() -> float | None:
        async with listening() as port:
            return await Caller(HERE, port).knock(5.0)

    latency = asyncio.run(ask())
    assert latency is not None
    assert 0 < latency < 5000


def test_it_takes_a_refusal_for_no_answer() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there, and nobody else can
        port = taken.getsockname()[1]
        assert asyncio.run(Caller(HERE, port).knock(5.0)) is None


def test_it_waits_for_an_answer_no_longer_than_told() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]

        async def ask() -> list[float | None]:
            # a full queue answers no more: Linux drops what comes then
            return [await Caller(HERE, port).knock(0.1) for _ in range(4)]

        waiting = [socket.socket() for _ in range(4)]
        for call in waiting:
            call.setblocking(False)
            call.connect_ex(("127.0.0.1", port))
        try:
            assert asyncio.run(ask())[-1] is None
        finally:
            for call in waiting:
                call.close()


@pytest.mark.skipif(not may_ping(), reason="this process may not send ICMP")
@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.77"])
def test_it_pings_without_help(address: str) -> None:
    async def ask() -> list[float | None]:
        pinger = Pinger(ip_address(address))
        try:
            return list(await asyncio.gather(*(pinger.knock(5.0) for _ in range(20))))
        finally:
            pinger.close()

    answers = asyncio.run(ask())
    assert all(answer is not None and 0 < answer < 5000 for answer in answers)


@pytest.mark.skipif(not may_ping(), reason="this process may not send ICMP")
def test_it_takes_nobodys_answer_but_that_to_its_own_question() -> None:
    async def hear(token: bytes | None) -> bool:
        pinger = Pinger(HERE)
        pinger._raw = False
        answer = pinger._waiting[7] = asyncio.get_running_loop().create_future()
        head = bytes([0]) + bytes(7)  # an echo reply
        pinger._heard(head + (token or pinger._token) + bytes([0, 0, 0, 7]), 1.0)
        pinger.close()
        return answer.done()

    assert asyncio.run(hear(None))
    assert not asyncio.run(hear(b"strange!"))


def test_it_says_what_to_do_where_icmp_is_not_permitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*args: Any) -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(
        "migrations_app.integrations.adapters.guest.icmp.socket.socket", refuse
    )
    with pytest.raises(Refused, match=r"ping_group_range.*CAP_NET_RAW.*TCP"):
        icmp._open(4)


@pytest.mark.parametrize("data", [b"\x08\x00\xf7\xff\x00\x00\x00\x00", b"odd"])
def test_it_sums_as_the_internet_does(data: bytes) -> None:
    total = icmp._sum(data)
    padded = data + b"\0" * (len(data) % 2)
    assert icmp._sum(padded + total.to_bytes(2, "big")) == 0

"""Ports of the tests' own servers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.free_port import FIRST, LAST, free_port


def test_no_two_servers_of_a_run_get_the_same_port() -> None:
    with ThreadPoolExecutor(8) as pool:
        ports = list(pool.map(lambda _: free_port(), range(200)))
    assert len(set(ports)) == 200
    assert all(FIRST <= port < LAST for port in ports)

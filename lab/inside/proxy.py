"""Makes the control plane reachable in the hosts' network namespaces.

    proxy.py ADDRESS PORT,PORT,... RUN_DIR HOST...

Listens on the same address and ports in each namespace as the services do
outside, and connects to them from outside. So one configuration serves
everywhere, and the control plane listens on loopback only.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

CLONE_NEWNET = 0x40000000
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace: int) -> None:
    if libc.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def network_namespace(run_dir: str, host: str) -> int:
    unshare = Path(run_dir, f"namespace-{host}.pid").read_text().split()[0]
    return os.open(f"/proc/{unshare}/ns/net", os.O_RDONLY)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def handler(address: str, port: int) -> Handler:
    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            there_in, there_out = await asyncio.open_connection(address, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, there_out), pump(there_in, writer))

    return handle


async def main() -> None:
    address, port_list, run_dir, *hosts = sys.argv[1:]
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    servers = []
    for host in hosts:
        for port in map(int, port_list.split(",")):
            enter(network_namespace(run_dir, host))
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            enter(home)
            servers.append(
                await asyncio.start_server(handler(address, port), sock=listener)
            )
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main())

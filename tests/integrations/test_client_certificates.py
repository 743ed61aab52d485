"""Nova's database is entered by a certificate that ends, where one is given."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

from migrations_app.integrations.adapters.nova_database import option_file
from tests.authority import Authority

PATIENCE = 60.0  # seconds


def test_it_shows_the_certificate_that_the_option_file_names(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours = authority.vouch(8, name="novaweb")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(authority.vouch(7))
    server.load_verify_locations(authority.file)
    server.verify_mode = ssl.CERT_REQUIRED
    file = tmp_path / "nova.cnf"
    file.write_text(
        f"[client]\nssl-ca = {authority.file}\nssl-cert = {ours}\nssl-key = {ours}\n"
    )
    seen: list[object] = []

    def serve(line: socket.socket) -> None:
        with server.wrap_socket(line, server_side=True) as there:
            seen.append(there.getpeercert())
            there.recv(1)

    here, there = socket.socketpair()
    for each in (here, there):
        each.settimeout(PATIENCE)
    thread = threading.Thread(target=serve, args=(there,))
    thread.start()
    context = option_file.read(file)["ssl"]
    with context.wrap_socket(here, server_hostname="localhost") as line:
        line.send(b"x")
    thread.join(PATIENCE)

    assert "novaweb" in str(seen)

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.ear import LARGEST, Ear
from tests.free_port import free_port


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def log(tmp_path: Path, port: int) -> Iterator[Path]:
    path = tmp_path / "webhook.log"
    ear = Ear(path, port=port)
    yield path
    ear.stop()


def status(port: int, *, length: str, body: bytes = b"") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest("POST", "/chat")
    connection.putheader("Content-Length", length)
    connection.endheaders(body)
    answer = connection.getresponse().status
    connection.close()
    return answer


def test_it_keeps_each_message_as_one_line(log: Path, port: int) -> None:
    assert status(port, length="7", body=b"{\n  1\n}") == 204
    assert status(port, length="2", body=b"{}") == 204
    assert log.read_text().splitlines() == ["{ 1 }", "{}"]


def test_it_refuses_what_has_no_end(log: Path, port: int) -> None:
    assert status(port, length=str(LARGEST + 1)) == 413
    assert status(port, length="-1") == 413
    assert not log.exists()


def test_nobody_listens_after_it_has_stopped(tmp_path: Path, port: int) -> None:
    Ear(tmp_path / "log", port=port).stop()
    with pytest.raises(ConnectionRefusedError):
        status(port, length="0")

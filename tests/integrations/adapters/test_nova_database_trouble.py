"""Nova's database when it, its network, its certificate or our file is no good."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pymysql
import pytest

from migrations_app.errors import Conflict, Refused, Unreachable, WorldError
from migrations_app.integrations.adapters.nova_database import MySqlNovaDb, transaction
from migrations_app.integrations.adapters.nova_database.transaction import Session
from migrations_app.integrations.interfaces import Place, RowMove, Statement
from tests.free_port import free_port
from tests.integrations.adapters.mariadb import PASSWORD, MariaDb, make_certificate
from tests.integrations.adapters.wire import Wire, wire

pytestmark = pytest.mark.xdist_group("nova_db")

TOKEN = {
    **{"token_hash": "x", "console_type": "novnc", "host": "h", "port": 1},
    **{"instance_uuid": "x", "expires": 9},
}
OPEN = "whether it was, its row will show"
CHANGE = RowMove(
    "web",
    Place(host="a", node="a"),
    Place(host="b", node="b"),
    (
        Statement("UPDATE instances SET host = 'b' WHERE uuid = 'web'", {}, ""),
        Statement("DELETE FROM console_auth_tokens WHERE instance_uuid = 'x'", {}, ""),
    ),
)


@pytest.fixture
def nova(mariadb: MariaDb) -> MariaDb:
    mariadb.make()
    mariadb.admit()
    mariadb.insert("instances", {"uuid": "web", "host": "a", "deleted": 0})
    return mariadb


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "nova-db.cnf"


def host(nova: MariaDb) -> str:
    ((found,),) = nova.run("SELECT host FROM nova.instances")
    return str(found)


def refusal(file: Path) -> str:
    with pytest.raises(Refused) as caught:
        MySqlNovaDb(file).place_of("a")
    assert PASSWORD not in caught.value.sentence
    return caught.value.sentence


def test_what_it_asks_is_encrypted(nova: MariaDb, file: Path) -> None:
    with Session(nova.options(file)) as entered:
        ((_, cipher),) = entered.ask("SHOW STATUS LIKE 'Ssl_cipher'")
    assert cipher
    # the account that the documentation makes cannot come otherwise
    assert "turns the account novaweb away" in refusal(
        nova.options(file, ssl_ca=None, skip_ssl="")
    )


def test_a_certificate_that_nobody_vouches_for_is_refused(
    nova: MariaDb, file: Path, tmp_path: Path
) -> None:
    other = make_certificate(tmp_path)
    for options in (
        nova.options(file, ssl_ca=other),
        nova.options(file, ssl_ca=None, ssl_verify_server_cert=""),
    ):
        said = refusal(options)
        assert "not trusted (self-signed certificate): nothing was asked" in said
        assert f"Correct host or ssl-ca in {file}" in said


def test_another_hosts_certificate_is_refused(nova: MariaDb, file: Path) -> None:
    said = refusal(nova.options(file, host="localhost"))
    assert "Hostname mismatch, certificate is not valid for 'localhost'" in said


@pytest.mark.parametrize("name", ["ssl_ca", "ssl_cert"])
def test_a_certificate_file_that_is_no_use_is_named(
    nova: MariaDb, file: Path, name: str
) -> None:
    given = nova.options(file, **{name: "/nowhere.pem"})
    assert "a certificate or key that" in refusal(given)


@pytest.mark.parametrize(
    "changed, sentence",
    [
        ({"password": "wrong"}, "turns the account novaweb away: check user, password"),
        ({"password": None}, "turns the account novaweb away"),
        ({"user": "stranger"}, "turns the account stranger away"),
        ({"database": "other"}, "turns the account novaweb away"),
        ({"port": "many"}, "is not a MySQL option file"),
    ],
)
def test_an_option_file_that_is_wrong_is_told(
    nova: MariaDb, file: Path, changed: dict[str, str | None], sentence: str
) -> None:
    assert sentence in refusal(nova.options(file, **changed))


@pytest.mark.parametrize(
    "text, sentence",
    [
        (None, "cannot be read (No such file or directory)"),
        ("", "a group [client]"),
        ("[mysqld]\nport = 1\n", "a group [client]"),
        (f"password = {PASSWORD}\n", "a group [client]"),
    ],
)
def test_an_option_file_that_is_none_is_told(
    file: Path, text: str | None, sentence: str
) -> None:
    if text is not None:
        file.write_text(text, encoding="utf-8")
    assert sentence in refusal(file)


@pytest.mark.parametrize("password", ["a#b;c=d", "für → immer", "it's", "%s {x}"])
def test_a_password_may_be_anything(nova: MariaDb, file: Path, password: str) -> None:
    nova.run("SET PASSWORD FOR 'novaweb'@'%%' = PASSWORD(%s)", values=[password])
    with Session(nova.options(file, password=f'"{password}"')) as entered:
        assert entered.ask("SELECT 1") == [(1,)]


def test_a_database_that_is_down_is_unreachable(nova: MariaDb, file: Path) -> None:
    db = MySqlNovaDb(nova.options(file, port=free_port()))
    with pytest.raises(Unreachable, match="look whether it runs, and at host and port"):
        db.place_of("a")


def test_a_database_that_is_full_is_unreachable(nova: MariaDb, file: Path) -> None:
    nova.run("ALTER USER 'novaweb'@'%' WITH MAX_USER_CONNECTIONS 1")
    options = nova.options(file)
    with (
        Session(options),
        pytest.raises(Unreachable, match="does not take us now"),
    ):
        MySqlNovaDb(options).place_of("a")


@pytest.mark.parametrize(
    "greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x01\x00\x00\x00\x0a"]
)
def test_what_is_no_database_is_unreachable_in_time(
    nova: MariaDb, file: Path, monkeypatch: pytest.MonkeyPatch, greeting: bytes
) -> None:
    monkeypatch.setattr(transaction, "ANSWER", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def greet() -> None:
            peer, _ = server.accept()
            peer.sendall(greeting)
            held.append(peer)

        thread = threading.Thread(target=greet)
        thread.start()
        db = MySqlNovaDb(nova.options(file, port=server.getsockname()[1]))
        with pytest.raises(Unreachable, match="does not answer"):
            db.place_of("a")
        thread.join()
        held[0].close()


@pytest.fixture
def cable(nova: MariaDb) -> Iterator[Wire]:
    """To the database, without TLS, so that it sees what it carries."""
    nova.run("ALTER USER 'novaweb'@'%' REQUIRE NONE")
    with wire(nova.port) as laid:
        yield laid


@pytest.fixture
def far(nova: MariaDb, cable: Wire, file: Path) -> MySqlNovaDb:
    return MySqlNovaDb(nova.options(file, port=cable.port, ssl_ca=None, skip_ssl=""))


def test_a_cable_that_holds_carries_the_change(far: MySqlNovaDb, nova: MariaDb) -> None:
    assert far.move(CHANGE)
    assert host(nova) == "b"


@pytest.mark.parametrize(
    "words", [b"SET SESSION", b"information_schema", b"UPDATE inst", b"DELETE FROM"]
)
def test_a_cable_cut_before_the_commit_changes_nothing(
    far: MySqlNovaDb, nova: MariaDb, cable: Wire, words: bytes
) -> None:
    cable.cut_at = words
    with pytest.raises(Unreachable, match="does not answer, or hung up"):
        far.move(CHANGE)
    nobody_holds_the_row(nova)
    assert host(nova) == "a"


@pytest.mark.parametrize("late, found", [(False, "a"), (True, "b")])
def test_a_cable_cut_at_the_commit_leaves_it_open(
    far: MySqlNovaDb, nova: MariaDb, cable: Wire, late: bool, found: str
) -> None:
    cable.cut_at, cable.late = b"\x03COMMIT", late
    with pytest.raises(Unreachable, match=OPEN):
        far.move(CHANGE)
    nobody_holds_the_row(nova)
    assert host(nova) == found


@pytest.mark.parametrize(
    "code, kind, sentence",
    [
        (1213, Conflict, "nothing was changed"),
        (3101, Conflict, "nothing was changed"),
        *((it, Unreachable, "is read-only, and nothing") for it in (1290, 1792, 1836)),
        *((it, Unreachable, OPEN) for it in (1047, 1180, 1205, 1317, 2013, 3100)),
    ],
)
def test_only_an_error_that_says_so_means_that_a_commit_changed_nothing(
    nova: MariaDb,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    kind: type[WorldError],
    sentence: str,
) -> None:
    def fail(_: object) -> None:
        raise pymysql.OperationalError(code, "The server said so.")

    monkeypatch.setattr(pymysql.Connection, "commit", fail)
    with pytest.raises(kind, match=sentence):
        MySqlNovaDb(nova.options(file)).move(CHANGE)


@pytest.mark.parametrize("how", ["KILL", "KILL QUERY", "KILL HARD"])
@pytest.mark.parametrize("method", ["change", "commit"])
def test_a_session_that_is_ended_in_the_middle_changes_all_or_nothing(
    nova: MariaDb,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    how: str,
) -> None:
    nova.insert("console_auth_tokens", TOKEN)
    real = getattr(Session, method)

    def ended(session: Session, what: Any) -> Any:
        number = session._connection.thread_id()  # type: ignore[no-untyped-call]
        nova.run(f"{how} {number}")
        return real(session, what)

    db = MySqlNovaDb(nova.options(file))
    with monkeypatch.context() as patch:
        patch.setattr(Session, method, ended)
        with suppress(Unreachable):
            db.move(CHANGE)
    nobody_holds_the_row(nova)
    ((tokens,),) = nova.run("SELECT count(*) FROM nova.console_auth_tokens")
    assert (host(nova), tokens) in {("a", 1), ("b", 0)}
    if host(nova) == "a":
        assert db.move(CHANGE)
    assert host(nova) == "b"


def nobody_holds_the_row(nova: MariaDb) -> None:
    """The server has noticed that its client is gone, and rolled it back."""
    deadline = time.monotonic() + 20
    query = "SELECT count(*) FROM information_schema.processlist WHERE user = 'novaweb'"
    while nova.run(query) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.02)

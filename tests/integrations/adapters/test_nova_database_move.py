"""How Nova's database is changed, by a real MariaDB and the documented account."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from migrations_app.errors import Blocked, Conflict, Refused, Unreachable
from migrations_app.integrations.adapters.nova_database import MySqlNovaDb, transaction
from migrations_app.integrations.adapters.nova_database.transaction import Session
from migrations_app.integrations.interfaces import RowMove, Statement
from tests.integrations.adapters.cell import (
    SOURCE,
    TARGET,
    WEB,
    change,
    columns,
    places,
    tokens,
)
from tests.integrations.adapters.mariadb import PASSWORD, MariaDb

pytestmark = pytest.mark.xdist_group("nova_db")


def test_it_changes_where_the_instance_is_and_nothing_else(
    db: MySqlNovaDb, nova: MariaDb
) -> None:
    before = dict(columns(nova))
    assert db.move(change())
    after = dict(columns(nova))
    assert db.row(WEB).place == TARGET
    assert after.pop("updated_at") > before.pop("updated_at")
    for name in ("host", "node", "compute_id", "availability_zone"):
        assert after.pop(name) != before.pop(name)
    assert after == before
    assert tokens(nova) == 0


@pytest.mark.parametrize(
    "meanwhile",
    [
        "host = 'compute-42'",
        "node = 'another'",
        "vm_state = 'active'",
        "task_state = 'powering-on'",
        "deleted = id",
        "updated_at = UTC_TIMESTAMP()",
    ],
)
def test_what_somebody_changed_meanwhile_is_left_alone(
    db: MySqlNovaDb, nova: MariaDb, meanwhile: str
) -> None:
    nova.run(f"UPDATE nova.instances SET {meanwhile}")  # noqa: S608 - ours
    before = columns(nova)
    assert not db.move(change())
    assert columns(nova) == before
    assert tokens(nova) == 1


def test_all_of_it_holds_or_nothing(db: MySqlNovaDb, nova: MariaDb) -> None:
    before = columns(nova)
    sound = change()
    forbidden = Statement("DELETE FROM instances", {}, "")
    both = (sound.statements[0], forbidden)
    with pytest.raises(Refused, match=r"DELETE command denied.*deploy/nova-db\.sql"):
        db.move(RowMove(WEB, sound.before, sound.after, both))
    assert columns(nova) == before


def test_a_guard_that_lets_two_rows_through_lets_none(
    db: MySqlNovaDb, nova: MariaDb
) -> None:
    values = {"uuid": "second", "host": SOURCE.host, "vm_state": "stopped"}
    nova.insert("instances", values | {"deleted": 0})
    loose = Statement("UPDATE instances SET host = 'compute-41'", {}, "")
    assert not db.move(RowMove(WEB, SOURCE, TARGET, (loose,)))
    assert columns(nova)["host"] == SOURCE.host


@pytest.mark.parametrize(
    "query",
    [
        "SELECT user_data FROM nova.instances",
        "SELECT key_data FROM nova.instances",
        "SELECT * FROM nova.instances",
        "SELECT flavor FROM nova.instance_extra",
        "SELECT token_hash FROM nova.console_auth_tokens",
        "UPDATE nova.instances SET vm_state = 'active'",
        "UPDATE nova.instances SET deleted = id",
        "UPDATE nova.instances SET project_id = 'mine'",
        "UPDATE nova.instance_extra SET numa_topology = NULL",
        "UPDATE nova.compute_nodes SET host = 'x'",
        "UPDATE nova.migrations SET status = 'error'",
        "DELETE FROM nova.instances",
        "DELETE FROM nova.migrations",
        "INSERT INTO nova.instances (uuid) VALUES ('x')",
        "INSERT INTO nova.console_auth_tokens (instance_uuid) VALUES ('x')",
        "CREATE TABLE nova.mine (id int)",
        "ALTER TABLE nova.instances ADD mine int",
        "DROP TABLE nova.instances",
        "SELECT * FROM mysql.global_priv",
        "CREATE DATABASE mine",
        "CREATE USER mine",
        "GRANT SELECT ON nova.instances TO 'novaweb'@'%'",
        "SET GLOBAL read_only = 1",
    ],
)
def test_its_account_may_do_nothing_else(nova: MariaDb, query: str) -> None:
    connection = pymysql.connect(
        host="127.0.0.1",
        port=nova.port,
        user="novaweb",
        password=PASSWORD,
        ssl_ca=str(nova.certificate),
    )
    with connection.cursor() as cursor, pymysql_denies():
        cursor.execute(query)
    connection.close()


def pymysql_denies() -> Any:
    return pytest.raises(pymysql.Error, match="denied")


OLD = (
    "ALTER TABLE instances DROP compute_id, DROP hidden, ADD scheduled_at datetime",
    "ALTER TABLE instance_extra DROP resources, DROP vpmems",
    "ALTER TABLE migrations DROP dest_compute_id, DROP cross_cell_move",
    "ALTER TABLE console_auth_tokens DROP tls_port",
)


@pytest.fixture
def old(nova: MariaDb, options: Path) -> MySqlNovaDb:
    """The database of a Nova 18."""
    nova.alter(*OLD)
    nova.admit("compute_id", "hidden", "resources", "vpmems")
    return MySqlNovaDb(options)


def test_an_old_database_has_less_to_change(old: MySqlNovaDb, nova: MariaDb) -> None:
    found = old.row(WEB)
    assert (found.place.node_id, found.place.zone) == (None, "OS3")
    there = old.place_of(TARGET.host)
    assert (there.node, there.node_id) == ("node-41", None)
    assert old.move(change(before=places(found.place), after=places(there)))
    assert columns(nova)["host"] == TARGET.host
    assert columns(nova)["availability_zone"] == "OS3"


@pytest.mark.parametrize(
    "change, sentence",
    [
        ("ALTER TABLE instances ADD colour int", "does not know: colour"),
        ("ALTER TABLE instances DROP launched_on", "no instances.launched_on"),
        ("DROP TABLE console_auth_tokens", "no console_auth_tokens.instance_uuid"),
        ("DROP TABLE instances", "no instances.access_ip_v4, .* and [0-9]+ more"),
    ],
)
def test_a_database_that_it_does_not_know_is_not_touched(
    db: MySqlNovaDb, nova: MariaDb, change: str, sentence: str
) -> None:
    nova.alter(change)
    for asked in (lambda: db.row(WEB), lambda: db.place_of("compute-41")):
        with pytest.raises(Blocked, match=sentence):
            asked()


def test_an_account_that_does_not_see_all_is_no_proof_of_an_old_database(
    db: MySqlNovaDb, nova: MariaDb
) -> None:
    nova.run("REVOKE REFERENCES ON nova.instances FROM 'novaweb'@'%'")
    with pytest.raises(Blocked, match="our account may not see it all"):
        db.move(change())
    assert columns(nova)["host"] == SOURCE.host


def test_it_waits_for_nobody_for_long(
    db: MySqlNovaDb, nova: MariaDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = "SET SESSION innodb_lock_wait_timeout = 1"
    monkeypatch.setattr(
        transaction, "BEGIN", (transaction.BEGIN[0], quick, transaction.BEGIN[2])
    )
    other = nova.admin("nova")
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE instances SET progress = 1")
        with pytest.raises(Conflict, match="Another transaction holds or has changed"):
            db.move(change())
    other.rollback()
    other.close()
    assert columns(nova)["host"] == SOURCE.host
    assert db.move(change())


@pytest.fixture(params=["ON", "OFF"])
def isolated(nova: MariaDb, request: pytest.FixtureRequest) -> Iterator[bool]:
    """As MariaDB does by itself from 11.6.2 on, and as it did before."""
    name = "innodb_snapshot_isolation"
    found = nova.run(f"SHOW GLOBAL VARIABLES LIKE '{name}'")
    if not found:
        pytest.skip(f"this MariaDB has no {name}")
    nova.run(f"SET GLOBAL {name} = {request.param}")
    yield request.param == "ON"
    nova.run(f"SET GLOBAL {name} = {found[0][1]}")


def test_a_row_that_was_changed_since_the_snapshot_is_left_alone(
    db: MySqlNovaDb, nova: MariaDb, monkeypatch: pytest.MonkeyPatch, isolated: bool
) -> None:
    real = Session.change

    def late(session: Session, statement: Statement) -> int:
        nova.run("UPDATE instances SET task_state = 'rebooting'", database="nova")
        return real(session, statement)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "change", late)
        if isolated:  # error 1020, CHECKREAD
            with pytest.raises(Conflict, match="nothing was changed"):
                db.move(change())
        else:  # the guard sees what was committed since
            assert not db.move(change())
    assert columns(nova)["host"] == SOURCE.host
    nova.run("UPDATE instances SET task_state = NULL", database="nova")
    assert db.move(change())


def test_a_replica_is_no_place_for_a_change(
    db: MySqlNovaDb, nova: MariaDb, read_only: None
) -> None:
    assert db.row(WEB).place == SOURCE
    with pytest.raises(Unreachable, match=r"is read-only.*must name the primary"):
        db.move(change())
    nova.run("SET GLOBAL read_only = 0")
    assert db.move(change())


@pytest.fixture
def read_only(nova: MariaDb) -> Iterator[None]:
    nova.run("SET GLOBAL read_only = 1")
    yield
    nova.run("SET GLOBAL read_only = 0")


def test_nobody_waits_for_ever(
    db: MySqlNovaDb, nova: MariaDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "ANSWER", 1.0)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="does not answer"):
        slow = Statement("UPDATE instances SET host = sleep(60)", {}, "")
        db.move(RowMove(WEB, SOURCE, TARGET, (slow,)))
    assert time.monotonic() - began < 20
    assert columns(nova)["host"] == SOURCE.host

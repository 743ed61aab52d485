"""Nova's database, by a real MariaDB and the account that is documented."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymysql
import pytest

from migrations_app.adapters.nova_db import MySqlNovaDb, session
from migrations_app.errors import Blocked, Conflict, Gone, Refused, Unreachable
from migrations_app.ports import Move, Place, RowMove, Statement
from migrations_app.procedures.steps import row
from tests.adapters.mariadb import PASSWORD, MariaDb

pytestmark = pytest.mark.xdist_group("nova_db")

WEB = "5f78a175-196e-467d-a88e-6ffb9461832b"
SOURCE = Place(host="compute-40", node="node-40", node_id=7, zone="OS3")
TARGET = Place(host="compute-41", node="node-41", node_id=8, zone="OS4")
SEEN = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def nova(mariadb: MariaDb) -> MariaDb:
    """The database of a cell: one stopped instance, two hosts, a console's token."""
    mariadb.make()
    mariadb.admit()
    for place in (SOURCE, TARGET):
        add_node(mariadb, place)
    mariadb.insert(
        "instances",
        {
            "uuid": WEB,
            "host": SOURCE.host,
            "node": SOURCE.node,
            "compute_id": SOURCE.node_id,
            "availability_zone": SOURCE.zone,
            "vm_state": "stopped",
            "power_state": 4,
            "updated_at": SEEN.replace(tzinfo=None),
            "user_data": "c2VjcmV0",
            "deleted": 0,
        },
    )
    mariadb.insert(
        "instance_extra", {"instance_uuid": WEB, "deleted": 0, "pci_requests": "[]"}
    )
    token = {"token_hash": "x", "console_type": "novnc", "host": "h", "port": 1}
    mariadb.insert("console_auth_tokens", token | {"instance_uuid": WEB, "expires": 9})
    return mariadb


def add_node(mariadb: MariaDb, place: Place, **more: object) -> None:
    sizes = dict.fromkeys(("vcpus", "memory_mb", "local_gb"), 1)
    used = {f"{name}_used": 0 for name in sizes}
    kind = {"hypervisor_type": "QEMU", "hypervisor_version": 7, "cpu_info": ""}
    mariadb.insert(
        "compute_nodes",
        {
            "host": place.host,
            "hypervisor_hostname": place.node,
            "deleted": 0,
            "id": place.node_id,
            **sizes,
            **used,
            **kind,
        }
        | more,
    )


@pytest.fixture
def options(nova: MariaDb, tmp_path: Path) -> Path:
    return nova.options(tmp_path / "nova-db.cnf")


@pytest.fixture
def db(options: Path) -> MySqlNovaDb:
    return MySqlNovaDb(options)


def change(seen: datetime | None = SEEN, **facts: Any) -> RowMove:
    """Return the change that the procedure itself makes."""
    frozen = {"before": places(SOURCE), "after": places(TARGET)} | facts
    return row.forth(
        Move(WEB, "web", SOURCE.host, TARGET.host, token="0" * 8, facts=frozen), seen
    )


def places(place: Place) -> dict[str, Any]:
    return {name: getattr(place, name) for name in place.__slots__}


def columns(mariadb: MariaDb) -> Mapping[str, Any]:
    """Return the instance's row as it is."""
    connection = mariadb.admin("nova")
    with connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute("SELECT * FROM instances WHERE uuid = %s", [WEB])
        found = cursor.fetchone()
    connection.close()
    assert found is not None
    return found


def tokens(mariadb: MariaDb) -> int:
    ((count,),) = mariadb.run("SELECT count(*) FROM nova.console_auth_tokens")
    return int(count)


def test_it_reads_where_an_instance_is(db: MySqlNovaDb) -> None:
    found = db.row(WEB)
    assert found.place == SOURCE
    assert (found.vm_state, found.task_state, found.power_state) == ("stopped", None, 4)
    assert found.updated_at == SEEN
    assert found.bound == ()


def test_a_row_that_nova_has_not_numbered_yet_has_its_nodes_number(
    db: MySqlNovaDb, nova: MariaDb
) -> None:
    nova.run("UPDATE nova.instances SET compute_id = NULL")
    assert db.row(WEB).place.node_id == SOURCE.node_id
    nova.run("UPDATE nova.compute_nodes SET deleted = id")
    assert db.row(WEB).place.node_id is None


@pytest.mark.parametrize("gone", ["uuid = 'x'", "deleted = id", "hidden = 1"])
def test_an_instance_that_is_not_there_is_gone(
    db: MySqlNovaDb, nova: MariaDb, gone: str
) -> None:
    nova.run(f"UPDATE nova.instances SET {gone}")  # noqa: S608 - ours
    with pytest.raises(Gone, match="not in this database of Nova"):
        db.row(WEB)


def numa(**cell: object) -> str:
    cells = [{"nova_object.name": "InstanceNUMACell", "nova_object.data": cell}]
    return json.dumps({"nova_object.data": {"cells": cells}})


def resources(*objects: object) -> str:
    return json.dumps({"nova_object.data": {"objects": list(objects)}})


@pytest.mark.parametrize(
    "column, text, bound",
    [
        ("numa_topology", numa(cpu_pinning_raw={"0": 4}), {"pinned CPUs"}),
        ("numa_topology", numa(pcpuset=[0, 1]), {"pinned CPUs"}),
        ("numa_topology", numa(pagesize=2048), {"huge pages"}),
        ("numa_topology", numa(pagesize=4, pcpuset=[]), set()),
        ("numa_topology", "not JSON", set()),
        ("pci_requests", '[{"count": 1}]', {"PCI devices"}),
        ("pci_requests", "not JSON", {"PCI devices"}),
        ("migration_context", "{}", {"the claim of an unfinished migration"}),
        ("resources", resources({"x": 1}), {"resources of its host"}),
        ("vpmems", resources({"x": 1}), {"resources of its host"}),
    ],
)
def test_it_names_what_ties_an_instance_to_its_host(
    db: MySqlNovaDb, nova: MariaDb, column: str, text: str, bound: set[str]
) -> None:
    query = f"UPDATE nova.instance_extra SET {column} = %s"  # noqa: S608 - ours
    nova.run(query, values=[text])
    if column == "numa_topology":
        bound = bound | {"a NUMA topology"}
    assert {words.partition(" (")[0] for words in db.row(WEB).bound} == bound


@pytest.mark.parametrize(
    "column, text",
    [("pci_requests", None), ("pci_requests", "null"), ("resources", resources())],
)
def test_what_is_empty_ties_nothing(
    db: MySqlNovaDb, nova: MariaDb, column: str, text: str | None
) -> None:
    query = f"UPDATE nova.instance_extra SET {column} = %s"  # noqa: S608 - ours
    nova.run(query, values=[text])
    assert db.row(WEB).bound == ()


@pytest.mark.parametrize(
    "status, bound",
    [
        ("running", ("an unfinished migration (running)",)),
        ("finished", ("an unfinished migration (finished)",)),
        (None, ("an unfinished migration (no status)",)),
        ("completed", ()),
        ("confirmed", ()),
        ("error", ()),
    ],
)
def test_migrations_that_are_not_over_tie_it(
    db: MySqlNovaDb, nova: MariaDb, status: str | None, bound: tuple[str, ...]
) -> None:
    for uuid, deleted in ((WEB, 0), ("another", 0)):
        nova.insert(
            "migrations", {"instance_uuid": uuid, "status": status, "deleted": deleted}
        )
    assert db.row(WEB).bound == bound


def test_devices_and_tasks_tie_it(db: MySqlNovaDb, nova: MariaDb) -> None:
    device = {"compute_node_id": 7, "address": "a", "product_id": "p", "vendor_id": "v"}
    kind = {"dev_type": "t", "label": "l", "status": "allocated", "deleted": 0}
    nova.insert("pci_devices", device | kind | {"instance_uuid": WEB})
    nova.run("UPDATE nova.instances SET task_state = 'powering-off'")
    assert db.row(WEB).bound == ("a task under way (powering-off)", "PCI devices")


def test_it_reads_which_node_a_host_is(db: MySqlNovaDb, nova: MariaDb) -> None:
    gone = Place(host=TARGET.host, node="before", node_id=3)
    add_node(nova, gone, deleted=3)
    found = db.place_of(TARGET.host)
    assert (found.host, found.node, found.node_id) == ("compute-41", "node-41", 8)
    with pytest.raises(Gone, match="no compute node of the host compute-99"):
        db.place_of("compute-99")


def test_a_host_of_two_nodes_is_for_a_person(db: MySqlNovaDb, nova: MariaDb) -> None:
    add_node(nova, Place(host=TARGET.host, node="second", node_id=9))
    with pytest.raises(Blocked, match="2 compute nodes of compute-41"):
        db.place_of(TARGET.host)


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
    monkeypatch.setattr(session, "BEGIN", (session.BEGIN[0], quick, session.BEGIN[2]))
    other = nova.admin("nova")
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE instances SET progress = 1")
        with pytest.raises(Conflict, match="Another transaction holds"):
            db.move(change())
    other.rollback()
    other.close()
    assert columns(nova)["host"] == SOURCE.host
    assert db.move(change())


def test_a_replica_is_no_place_for_a_change(
    db: MySqlNovaDb, nova: MariaDb, read_only: None
) -> None:
    assert db.row(WEB).place == SOURCE
    with pytest.raises(Refused, match=r"is read-only.*must name the primary"):
        db.move(change())


@pytest.fixture
def read_only(nova: MariaDb) -> Iterator[None]:
    nova.run("SET GLOBAL read_only = 1")
    yield
    nova.run("SET GLOBAL read_only = 0")


def test_nobody_waits_for_ever(
    db: MySqlNovaDb, nova: MariaDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "ANSWER", 1.0)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="does not answer"):
        slow = Statement("UPDATE instances SET host = sleep(60)", {}, "")
        db.move(RowMove(WEB, SOURCE, TARGET, (slow,)))
    assert time.monotonic() - began < 20
    assert columns(nova)["host"] == SOURCE.host

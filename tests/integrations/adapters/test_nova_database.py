"""What Nova's database tells, by a real MariaDB and the account that is documented."""

from __future__ import annotations

import json

import pytest

from migrations_app.errors import Blocked, Gone
from migrations_app.integrations.adapters.nova_database import MySqlNovaDb
from migrations_app.integrations.interfaces import Place
from tests.integrations.adapters.cell import SEEN, SOURCE, TARGET, WEB, add_node
from tests.integrations.adapters.mariadb import MariaDb

pytestmark = pytest.mark.xdist_group("nova_db")


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
    assert db.row(WEB).bound == ("a running task (powering-off)", "PCI devices")


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

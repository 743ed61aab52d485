"""The database of a cell with one stopped instance, and what tests ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pymysql

from migrations_app.integrations.interfaces import Move, Place, RowMove
from migrations_app.procedures.steps import nova_database_sql
from tests.integrations.adapters.mariadb import MariaDb

WEB = "5f78a175-196e-467d-a88e-6ffb9461832b"
SOURCE = Place(host="compute-40", node="node-40", node_id=7, zone="OS3")
TARGET = Place(host="compute-41", node="node-41", node_id=8, zone="OS4")
SEEN = datetime(2026, 5, 1, 12, tzinfo=UTC)


def fill(mariadb: MariaDb) -> None:
    """One stopped instance, two hosts, a console's token, and novaweb's account."""
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


def change(seen: datetime | None = SEEN, **facts: Any) -> RowMove:
    """Return the change that the procedure itself makes."""
    frozen = {"before": places(SOURCE), "after": places(TARGET)} | facts
    return nova_database_sql.change_to_target(
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

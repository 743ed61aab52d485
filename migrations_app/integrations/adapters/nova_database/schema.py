"""Which databases of Nova novaweb knows: those of 18.0.0 (Rocky) to 34 (2026.2).

The columns are those of nova/db/main/models.py (before 25.0.0 nova/db/sqlalchemy), as
tagged from 2014.1 on, and of its migrations: a database that is older than its Nova
keeps columns whose time is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from migrations_app.errors import Blocked

ALWAYS = frozenset(
    """
    access_ip_v4 access_ip_v6 architecture auto_disk_config availability_zone cell_name
    cleaned config_drive created_at default_ephemeral_device default_swap_device deleted
    deleted_at disable_terminate display_description display_name ephemeral_gb
    ephemeral_key_uuid host hostname id image_ref instance_type_id kernel_id key_data
    key_name launch_index launched_at launched_on locked locked_by memory_mb node
    os_type power_state progress project_id ramdisk_id reservation_id root_device_name
    root_gb shutdown_terminate task_state terminated_at updated_at user_data user_id
    uuid vcpus vm_mode vm_state
    """.split()  # noqa: SIM905 - fifty quotes more say less
)
# internal_id: in the models until 14; scheduled_at: until 2015.1; hidden: since 20.0.0
# (Train); compute_id: since 28.0.0 (2023.2).
SOMETIMES = frozenset({"internal_id", "scheduled_at", "hidden", "compute_id"})
# What is read or written elsewhere. Consoles' tokens are stored there since 18.0.0.
OTHERS = {
    "instance_extra": {
        "instance_uuid",
        "deleted",
        "numa_topology",
        "pci_requests",
        "migration_context",
    },
    "compute_nodes": {"id", "host", "hypervisor_hostname", "deleted"},
    "pci_devices": {"instance_uuid", "deleted"},
    "migrations": {"instance_uuid", "deleted", "status"},
    "console_auth_tokens": {"instance_uuid"},
}
TABLES = ("instances", *OTHERS)


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database that we know has, and others may not."""

    compute_id: bool
    hidden: bool
    extra: tuple[str, ...]  # of instance_extra: resources, vpmems


def known(rows: Iterable[tuple[str, str]], database: str) -> Schema:
    """Return the schema, by its (table, column) in information_schema.

    Raises Blocked when it lacks or has what no Nova that we know does.
    """
    found = _by_table(rows)
    here = found["instances"]
    missing = [f"instances.{name}" for name in sorted(ALWAYS - here)]
    for table, columns in OTHERS.items():
        missing += [f"{table}.{name}" for name in sorted(columns - found[table])]
    if missing:
        raise Blocked(
            f"The database {database} is not a cell's of Nova 18.0.0 or newer, or our"
            f" account may not see it all: there is no {_few(missing)}. Compare the"
            " account's rights with deploy/nova-db.sql, and the name with the option"
            " file's."
        )
    strange = sorted(here - ALWAYS - SOMETIMES)
    if strange:
        raise Blocked(
            "The table instances has columns that novaweb does not know:"
            f" {_few(strange)}. This Nova is newer, or was changed; novaweb does not"
            " know how a manual move must set them, so it refuses manual moves."
        )
    return Schema(
        compute_id="compute_id" in here,
        hidden="hidden" in here,
        extra=tuple(sorted({"resources", "vpmems"} & found["instance_extra"])),
    )


def _by_table(rows: Iterable[tuple[str, str]]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for table, column in rows:
        found[table].add(column)
    return found


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more

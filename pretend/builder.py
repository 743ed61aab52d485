"""What is in the pretend cloud, and how to put it there without asking Nova."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from migrations_app.integrations.interfaces import DISK_GB, MEMORY_MB, VCPU, Flavor
from pretend.simulation import Nova
from pretend.store import Clock, Store, utcnow

SMALL = Flavor(name="m1.small", vcpus=1, ram_mb=2048, disk_gb=20)


class Making:
    """A cloud in a file. ``calls`` counts this object's own (call, subject) pairs."""

    def __init__(
        self,
        name: str = "pretend",
        path: str | Path = ":memory:",
        *,
        clock: Clock = utcnow,
    ) -> None:
        """Open the cloud kept in the file at ``path``, empty when there is none."""
        self.name = name
        self.calls: Counter[tuple[str, str]] = Counter()
        self._store = Store(path, clock)
        self._nova = Nova(self._store)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} in {self._store.path}>"

    def set(self, **values: float) -> None:
        """Change settings (``store.DEFAULTS``), e.g. ``live_seconds=3``."""
        self._nova.catch_up()
        self._store.set(**values)

    def setting(self, key: str) -> float:
        """Return one setting."""
        return self._store.setting(key)

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    @contextlib.contextmanager
    def many(self) -> Iterator[None]:
        """Make many things at once, quickly."""
        with self._store.transaction():
            yield

    def project(self, name: str) -> str:
        """Return the id of a project, making it when there is none."""
        key = uuid.uuid5(uuid.NAMESPACE_DNS, f"project.{name}").hex
        self._store.run("INSERT OR IGNORE INTO projects VALUES (?, ?)", key, name)
        return key

    def group(self, name: str, policy: str, *, max_per_host: int = 1) -> str:
        """Return the id of a server group, making it when there is none."""
        key = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"group.{name}"))
        self._store.run(
            "INSERT OR IGNORE INTO groups VALUES (?, ?, ?, ?)",
            *(key, name, policy, max_per_host),
        )
        return key

    def add_host(
        self,
        host: str,
        *,
        zone: str = "nova",
        vcpus: int = 64,
        ram_mb: int = 512880,
        disk_gb: int = 5928,
        ratio: float = 4.0,
        node: str | None = None,
        aggregates: tuple[str, ...] = (),
        version: int = 9000000,
    ) -> None:
        """Add a compute host; ``ratio`` is that of its vCPUs."""
        inventory = {
            resource: {
                "total": total,
                "reserved": reserved,
                "ratio": overcommit,
                "max_unit": total,
            }
            for resource, total, reserved, overcommit in (
                (VCPU, vcpus, 0, ratio),
                (MEMORY_MB, ram_mb, 512, 1.0),
                (DISK_GB, disk_gb, 0, 1.0),
            )
        }
        values = {
            "host": host,
            "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"hypervisor.{host}")),
            "service_id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"service.{host}")),
            "node": node or host,
            "zone": zone,
            "aggregates": json.dumps(aggregates or (zone,)),
            "type": "QEMU",
            "version": version,
            "inventory": json.dumps(inventory),
            "enabled": True,
            "up": True,
            "forced_down": False,
            "updated_at": self._store.now(),
        }
        self._store.insert("hosts", values)

    def edit_host(self, host: str, **columns: Any) -> None:
        """Change columns of a host at once, e.g. ``up=False``, ``enabled=False``."""
        self._nova.catch_up()
        self._store.update("hosts", "host", host, columns)

    def create(
        self,
        name: str,
        *,
        host: str,
        project: str = "web",
        flavor: Flavor = SMALL,
        image: str | None = "debian-12",
        group: str | None = None,
        volumes: tuple[str, ...] = (),
        **columns: Any,
    ) -> str:
        """Boot a server on a host and return its id; columns as in the table."""
        server_id, at = str(uuid.uuid4()), self._store.now()
        values: dict[str, Any] = {
            "id": server_id,
            "name": name,
            "project_id": self.project(project),
            "user_id": uuid.uuid5(uuid.NAMESPACE_DNS, f"user.{project}").hex,
            "vm_state": "active",
            "power_state": 4 if columns.get("vm_state") == "stopped" else 1,
            "flavor": json.dumps(asdict(flavor)),
            "image": image,
            "config_drive": False,
            "locked": False,
            "volumes": json.dumps(volumes),
            "group_id": group,
            "created_at": at,
            "updated_at": at,
            **columns,
        }
        with self._store.transaction():
            self._store.insert("servers", values)
            sql = "SELECT * FROM servers WHERE id = ?"
            server = self._store.rows(sql, server_id)[0]
            self._store.run(
                "INSERT INTO ports VALUES (?, ?, NULL, 'ACTIVE', 'normal')",
                *(str(uuid.uuid4()), server_id),
            )
            self._nova.charge(server, host)
            self._nova.settle(at, server, host)
            self._nova.act("create", server, values["user_id"], at)
        return server_id

    def edit(self, server_id: str, **columns: Any) -> None:
        """Change columns of a server at once, e.g. ``locked=True``."""
        self._nova.catch_up()
        values = {"updated_at": self._store.now(), **columns}
        self._store.update("servers", "id", server_id, values)

    def delete(self, server_id: str) -> None:
        """Delete a server; its actions stay readable, as Nova's do."""
        with self._store.transaction():
            self.edit(server_id, deleted=True)
            self._nova.release(server_id)
            self._store.run("DELETE FROM ports WHERE server_id = ?", server_id)

    def id_of(self, name: str) -> str:
        """Return the id of the server with this name. Raises KeyError for none."""
        sql = "SELECT id FROM servers WHERE name = ? AND NOT deleted"
        if (row := self._store.row(sql, name)) is None:
            raise KeyError(name)
        return str(row["id"])

    def leave_resized(self, server_id: str, target: str) -> None:
        """Leave a server in VERIFY_RESIZE, moved to ``target``, not confirmed."""
        with self._store.transaction():
            at = self._store.now()
            sql = "SELECT * FROM servers WHERE id = ?"
            server = self._store.rows(sql, server_id)[0]
            request_id = self._nova.act("migrate", server, server["user_id"], at)
            move = self._nova.record(at, server, "migration", "finished", request_id)
            self._nova.mark(move, at, "finished", target=target)
            self._nova.hold(move, server, target)
            self._nova.settle(at, server, target)
            self._nova.change(server, at, vm_state="resized")

    @property
    def empty(self) -> bool:
        """There is no host in it yet."""
        return self._store.row("SELECT 1 FROM hosts LIMIT 1") is None

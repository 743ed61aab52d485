"""Fake hypervisors for nova-compute, composed of Nova's own in-tree fakes.

Copied to nova/virt/novaweb_lab_fake.py in the lab's venv, because Nova looks
for a compute_driver only below nova.virt.

Why Nova's classes do not do alone, outside its unit tests (nova 34,
nova/virt/fake.py):
- FakeDriver makes up the uuid of its node in each process, so a restarted
  nova-compute refuses to start, since its compute node has another one.
  FakeDriverWithoutFakeNodes has a lasting uuid.
- FakeDriver's live migration takes no time and cannot be aborted or forced.
  FakeLiveMigrateDriver's can, but has one flag for all instances of a host and
  a fixed length.
- Both forget their guests when the process ends.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from nova.compute import power_state
from nova.virt import fake


class ArticleFakeDriver(fake.FakeDriverWithoutFakeNodes):  # type: ignore[misc]
    """A hypervisor of the article's size: 64 VCPU, 512880 MB, 5928 GB."""

    vcpus = 64
    memory_mb = 512880
    local_gb = 5928

    def __init__(self, virtapi: Any, read_only: bool = False) -> None:
        super().__init__(virtapi, read_only)
        # uuid of an instance on its way: set when it is told to hurry or stop
        self._told: dict[str, threading.Event] = {}
        self._aborted: set[str] = set()

    def live_migration(
        self,
        context: Any,
        instance: Any,
        dest: str,
        post_method: Any,
        recover_method: Any,
        block_migration: bool = False,
        migrate_data: Any = None,
    ) -> None:
        usual = os.environ.get("NOVAWEB_LAB_LIVE_SECONDS", "5")
        seconds = float(instance.metadata.get("novaweb_lab_live_seconds", usual))
        migration = migrate_data.migration
        told = self._told.setdefault(instance.uuid, threading.Event())
        began = time.monotonic()
        while (gone := time.monotonic() - began) < seconds:
            self._show_progress(instance, migration, left=1 - gone / seconds)
            if told.wait(min(0.5, seconds - gone)):
                break
        self._told.pop(instance.uuid, None)
        if instance.uuid in self._aborted:
            self._aborted.discard(instance.uuid)
            recover_method(
                context, instance, dest, migrate_data, migration_status="cancelled"
            )
        else:
            post_method(context, instance, dest, block_migration, migrate_data)

    def _show_progress(self, instance: Any, migration: Any, *, left: float) -> None:
        # The same fields that the libvirt driver fills as it goes.
        total = instance.flavor.memory_mb * 1024 * 1024
        migration.memory_total = total
        migration.memory_remaining = int(total * left)
        migration.memory_processed = total - migration.memory_remaining
        migration.disk_total = 0
        migration.disk_remaining = 0
        migration.disk_processed = 0
        migration.save()
        instance.progress = int(100 * (1 - left))
        instance.save()

    def live_migration_force_complete(self, instance: Any) -> None:
        self._told.setdefault(instance.uuid, threading.Event()).set()

    def live_migration_abort(self, instance: Any) -> None:
        self._aborted.add(instance.uuid)
        self._told.setdefault(instance.uuid, threading.Event()).set()

    def post_live_migration(
        self,
        context: Any,
        instance: Any,
        block_device_info: Any,
        migrate_data: Any = None,
    ) -> None:
        # As FakeLiveMigrateDriver: the source forgets the guest.
        self.destroy(context, instance, None, block_device_info)

    def resume_state_on_host_boot(
        self,
        context: Any,
        instance: Any,
        *_: Any,  # Nova 31 put share_info before block_device_info
        **__: Any,
    ) -> None:
        # The guests went with the process: bring them back.
        self.spawn(context, instance, None, None, None, None)

    def power_on(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any = None,
        accel_info: Any = None,
        share_info: Any = None,
    ) -> None:
        # As libvirt, whose power_on defines the domain afresh: works for a
        # guest that this process has never seen.
        if instance.uuid not in self.instances:
            self.spawn(context, instance, None, None, None, None)
        self.instances[instance.uuid].state = power_state.RUNNING

    def power_off(
        self, instance: Any, timeout: int = 0, retry_interval: int = 0
    ) -> None:
        if instance.uuid in self.instances:
            self.instances[instance.uuid].state = power_state.SHUTDOWN

    def get_host_uptime(self) -> str:
        # FakeDriver has none, and Nova logs a traceback whenever it is asked.
        return "12:00:00 up 1 day,  0:00,  0 users,  load average: 0.00, 0.00, 0.00"


class SmallFakeDriver(ArticleFakeDriver):
    """10 VCPU, 8 GiB, 1028 GB (Nova's MediumFakeDriver): runs out."""

    vcpus = fake.MediumFakeDriver.vcpus
    memory_mb = fake.MediumFakeDriver.memory_mb
    local_gb = fake.MediumFakeDriver.local_gb

"""All rules, in the order in which Nova itself looks.

First what its API refuses at once, then the conductor, the scheduler, and last what
the two hosts find out between themselves (nova/compute/api.py,
nova/conductor/tasks/live_migrate.py, nova/virt/libvirt/driver.py).
"""

from __future__ import annotations

from migrations_app.preflight.rule import Rule
from migrations_app.preflight.rules import (
    choice,
    devices,
    disks,
    groups,
    hosts,
    instance,
    placing,
)

RULES: tuple[Rule, ...] = (
    # the API
    instance.source,
    instance.verify_resize,
    instance.state,
    instance.task,
    instance.lock,
    instance.migration,
    devices.sev,
    devices.vtpm,
    devices.accelerator,
    hosts.known,
    hosts.not_source,
    # the conductor
    instance.power,
    hosts.source_up,
    # the scheduler
    choice.choice,
    placing.room,
    hosts.target_up,
    hosts.target_enabled,
    placing.any_zone,
    placing.zone,
    groups.affinity,
    groups.anti_affinity,
    groups.soft,
    # the conductor again
    hosts.hypervisor,
    devices.pmem,
    devices.pci,
    # the hosts
    disks.storage,
    disks.config_drive,
    devices.vgpu,
    devices.numa,
    devices.ports,
)

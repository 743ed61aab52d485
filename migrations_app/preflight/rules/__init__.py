"""All rules, in the order in which Nova itself looks.

First what its API refuses at once, then the conductor, the scheduler, and last what
the two hosts find out between themselves (nova/compute/api.py,
nova/conductor/tasks/live_migrate.py, nova/virt/libvirt/driver.py).
"""

from __future__ import annotations

from migrations_app.preflight.rule import Rule
from migrations_app.preflight.rules import (
    connectivity,
    data_loss,
    devices,
    disable_other_hosts,
    disks,
    hardware,
    hosts,
    instance,
    leftovers,
    manual,
    manual_disks,
    scheduler_choice,
    scheduling,
    server_groups,
    target_fit,
    volumes,
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
    volumes.shares,
    hosts.known,
    hosts.not_source,
    # what the two procedures of last resort need and cost
    disable_other_hosts.chosen,
    disable_other_hosts.needless,
    disable_other_hosts.cost,
    disable_other_hosts.others,
    manual.last,
    manual.ways,
    # the conductor
    instance.power,
    hosts.source_up,
    # the scheduler
    scheduler_choice.choice,
    target_fit.room,
    hosts.target_up,
    hosts.target_enabled,
    target_fit.any_zone,
    target_fit.zone,
    scheduling.tenants,
    scheduling.hints,
    server_groups.affinity,
    server_groups.anti_affinity,
    server_groups.soft,
    # the conductor again
    hosts.hypervisor,
    devices.pmem,
    devices.pci,
    # the target, then the source
    leftovers.read,
    hardware.versions,
    hardware.cpu,
    hardware.serial,
    leftovers.folder,
    leftovers.domain,
    leftovers.disk,
    leftovers.resize,
    data_loss.instances_path,
    disks.storage,
    disks.backend,
    data_loss.raw,
    data_loss.ephemeral,
    disks.tunnelled,
    disks.config_drive,
    disks.image,
    disks.size,
    devices.vgpu,
    devices.numa,
    devices.ports,
    # volumes and ports on the target, then the transfer itself
    volumes.known,
    volumes.encrypted,
    volumes.zone,
    connectivity.network,
    connectivity.vif,
    connectivity.libvirt,
    connectivity.ssh,
    hardware.machine,
    hardware.post_copy,
    scheduling.queue,
    # by hand
    manual.hosts,
    manual.row,
    manual.allocation,
    manual.tools,
    manual_disks.root,
    manual_disks.volumes,
    manual_disks.files,
    manual_disks.bound,
)

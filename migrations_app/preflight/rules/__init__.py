"""All rules, in the order in which Nova itself looks.

First what its API refuses at once, then the conductor, the scheduler, and last what
the two hosts find out between themselves (nova/compute/api.py,
nova/conductor/tasks/live_migrate.py, nova/virt/libvirt/driver.py).
"""

from __future__ import annotations

from migrations_app.preflight.rule import Rule
from migrations_app.preflight.rules import connectivity as ways
from migrations_app.preflight.rules import data_loss as losses
from migrations_app.preflight.rules import (
    devices,
    disks,
    hardware,
    hosts,
    instance,
    leftovers,
    scheduling,
    volumes,
)
from migrations_app.preflight.rules import disable_other_hosts as disabling
from migrations_app.preflight.rules import manual as by_hand
from migrations_app.preflight.rules import manual_disks as by_hand_disks
from migrations_app.preflight.rules import scheduler_choice as choice
from migrations_app.preflight.rules import server_groups as groups
from migrations_app.preflight.rules import target_fit as placing

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
    # what the dirty ways need and cost
    disabling.chosen,
    disabling.needless,
    disabling.cost,
    disabling.others,
    by_hand.last,
    by_hand.ways,
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
    scheduling.tenants,
    scheduling.hints,
    groups.affinity,
    groups.anti_affinity,
    groups.soft,
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
    losses.instances_path,
    disks.storage,
    disks.backend,
    losses.raw,
    losses.ephemeral,
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
    ways.network,
    ways.vif,
    ways.libvirt,
    ways.ssh,
    hardware.machine,
    hardware.post_copy,
    scheduling.queue,
    # by hand
    by_hand.hosts,
    by_hand.row,
    by_hand.allocation,
    by_hand.tools,
    by_hand_disks.root,
    by_hand_disks.volumes,
    by_hand_disks.files,
    by_hand_disks.bound,
)

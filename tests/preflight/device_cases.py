"""The cases of the rules about devices, firmware, ports and options of live moves."""

from __future__ import annotations

from dataclasses import replace

from migrations_app.preflight.rule import COLD
from tests.preflight.build import FLAVOR, facts, guest, port, seen, server, with_specs
from tests.preflight.case import BLOCKS, UNKNOWN, WARNS, Case, options

POST_COPY = {
    "libvirt__live_migration_permit_post_copy": "true",
    "libvirt__live_migration_parallel_connections": "4",
}
FORCED = {"libvirt__live_migration_timeout_action": "force_complete"}
BRIDGED = replace(port("normal"), vif_type="bridge")
SWAP = server(flavor=replace(FLAVOR, swap_mb=512))
SWAP_DISK = replace(guest().disks[0], source="/i/disk.swap", format="qcow2")

CASES: dict[str, Case] = {
    "device.sev": Case(BLOCKS, facts(server=with_specs(hw__mem_encryption="true"))),
    "device.vtpm": Case(BLOCKS, facts(server=with_specs(hw__tpm_version="2.0"))),
    "device.accelerator": Case(
        BLOCKS, facts(server=with_specs(accel__device_profile="fpga"))
    ),
    "device.pmem": Case(WARNS, facts(server=with_specs(hw__pmem="2MB"))),
    "device.pci": Case(
        BLOCKS,
        facts(server=with_specs(pci_passthrough__alias="a100:1"), release=30),
    ),
    "device.vgpu": Case(UNKNOWN, facts(server=with_specs(resources__VGPU="1"))),
    "device.numa": Case(WARNS, facts(server=with_specs(hw__cpu_policy="dedicated"))),
    "device.ports": Case(WARNS, facts(ports=(port("direct"),))),
    "device.linux_bridge": Case(BLOCKS, facts(ports=(BRIDGED,), release=34)),
    "device.uefi": Case(WARNS, seen(guest(nvram="/x_VARS.fd")), seen(), by=COLD),
    "disk.new_swap": Case(WARNS, seen(server=SWAP), seen(), by=COLD),
    "disk.swap_format": Case(
        BLOCKS,
        seen(guest(SWAP_DISK), server=SWAP, target=options(libvirt__images_type="raw")),
        seen(guest(SWAP_DISK), server=SWAP),
        by=COLD,
    ),
    "disk.live_format": Case(
        BLOCKS, seen(target=options(libvirt__images_type="raw")), seen()
    ),
    "disk.swap": Case(
        WARNS,
        seen(server=SWAP, target={"shared": True, "filesystem": "nfs4 nas:/nova"}),
        seen(server=SWAP),
        by=COLD,
    ),
    "target.machine": Case(BLOCKS, seen(target={"takes_machine": False}), seen()),
    "target.video": Case(
        BLOCKS,
        seen(guest(video="qxl"), target={"videos": ("vga", "virtio")}),
        seen(guest(video="qxl"), target={"videos": ("vga", "qxl")}),
    ),
    "hosts.post_copy": Case(
        WARNS,
        seen(source=options(**POST_COPY)),
        seen(
            source={**options(**POST_COPY), "qemu": "10.1.0"}, target={"qemu": "11.0"}
        ),
    ),
    "source.timeout": Case(WARNS, seen(source=options(**FORCED)), seen()),
}

"""Typical situations that are about what ties a guest to the hardware of a host."""

from __future__ import annotations

from migrations_app.integrations.interfaces import PCPU, Port, Stock
from migrations_app.preflight.situation import SOURCE, TARGET, Situation

_API = "nova/compute/api.py"
_TPM = "hw:tpm_version"
_SECURITY = "hw:tpm_secret_security"
_UEFI = {"image_properties": {"hw_firmware_type": "uefi"}}

HARDWARE: tuple[Situation, ...] = (
    Situation(
        "With pinned processors, started before the upgrade to Nova 2026.1",
        extra={"hw:cpu_policy": "dedicated"},
        guest={"io_pinned": False},
        authority="release note bug-2152697 (34.0)",
    ),
    Situation(
        "With pinned processors, Nova 2026.2",
        extra={"hw:cpu_policy": "dedicated"},
        release=34,
        authority="nova/conductor/tasks/live_migrate.py 34.0: planned again since 20.0",
    ),
    Situation(
        "With dedicated processors, of which the target has none free",
        extra={"hw:cpu_policy": "dedicated"},
        stock={TARGET: {PCPU: Stock(8, 0, 1.0, 8, 8)}},
        authority="nova/scheduler/utils.py 33.0, ResourceRequest: it asks for PCPU",
    ),
    Situation(
        "With a PCI device, Nova 2024.1",
        extra={"pci_passthrough:alias": "a100:1"},
        release=29,
        authority="nova/conductor/tasks/live_migrate.py 29.4, _check_can_migrate_pci",
    ),
    Situation(
        "With a PCI device",
        extra={"pci_passthrough:alias": "a100:1"},
        authority="nova/conductor/tasks/live_migrate.py 33.0, _check_can_migrate_pci "
        "refuses before anything is touched",
    ),
    Situation(
        "With a PCI device, Nova 2025.1",
        extra={"pci_passthrough:alias": "a100:1"},
        release=31,
        authority="nova/conductor/tasks/live_migrate.py 31.3, _check_can_migrate_pci",
    ),
    Situation(
        "With a PCI device, and the source permits post-copy",
        extra={"pci_passthrough:alias": "a100:1"},
        at_source={"settings": {"libvirt.live_migration_permit_post_copy": "true"}},
        authority="doc/source/admin/pci-passthrough.rst 34.0, Post-copy Limitation",
    ),
    Situation(
        "With a virtual GPU, Nova Zed",
        extra={"resources:VGPU": "1"},
        release=26,
        authority="doc/source/admin/virtual-gpu.rst 29.4: not before 2024.1",
    ),
    Situation(
        "With a virtual GPU",
        extra={"resources:VGPU": "1"},
        authority="doc/source/admin/virtual-gpu.rst 33.0; "
        "nova/virt/libvirt/driver.py, check_can_live_migrate_destination refuses",
    ),
    Situation(
        "With a port that passes hardware through (SR-IOV)",
        facts={"ports": (Port("n-1", SOURCE, "ACTIVE", vnic_type="direct"),)},
        authority="nova/virt/libvirt/driver.py 33.0, _detach_direct_passthrough_vifs",
    ),
    Situation(
        "With a port on a Linux bridge, Nova 2026.2",
        facts={"ports": (Port("n-1", SOURCE, "ACTIVE", vif_type="bridge"),)},
        release=34,
        authority="release note remove-linux-bridge-vif-support (34.0)",
    ),
    Situation(
        "With persistent memory",
        extra={"hw:pmem": "6GB"},
        authority="doc/source/admin/virtual-persistent-memory.rst 33.0",
    ),
    Situation(
        "With a virtual TPM",
        extra={_TPM: "2.0"},
        authority=f"{_API} 33.0, reject_legacy_vtpm_live_migration",
    ),
    Situation(
        "With a virtual TPM, whose key the host keeps, too",
        extra={_TPM: "2.0", _SECURITY: "host"},
        authority=f"{_API} 33.0, reject_legacy_vtpm_live_migration; "
        "doc/source/admin/emulated-tpm.rst",
    ),
    Situation(
        "With a virtual TPM, whose key is Nova's own",
        extra={_TPM: "2.0", _SECURITY: "deployment"},
        authority=f"{_API} 33.0, reject_legacy_vtpm_live_migration; nova/vtpm.py, "
        "get_request_context",
    ),
    Situation(
        "With encrypted memory (SEV)",
        extra={"hw:mem_encryption": "true"},
        authority=f"{_API} 33.0, reject_sev_instances",
    ),
    Situation(
        "With an accelerator of Cyborg",
        extra={"accel:device_profile": "fpga"},
        authority=f"{_API} 33.0, block_accelerators",
    ),
    Situation(
        "With UEFI",
        _UEFI,
        authority="release note preserve-nvram (33.0): kept by a live migration",
    ),
    Situation(
        "With UEFI, and the target has an older CPU",
        _UEFI,
        at_target={"takes_cpu": False, "cpu_why": "the CPU is incompatible"},
        authority="release note preserve-nvram (33.0): not kept by a cold migration",
    ),
    Situation(
        "With UEFI and a config drive",
        {**_UEFI, "config_drive": True},
        authority="release note preserve-nvram (33.0); commit 5827c01246 (30.1): each "
        "loses something, and the drive's content Nova can make again",
    ),
    Situation(
        "The target has an older CPU",
        at_target={"takes_cpu": False, "cpu_why": "the CPU is incompatible"},
        authority="nova/virt/libvirt/driver.py 33.0, _compare_cpu",
    ),
    Situation(
        "Whether the target's CPU suits could not be found out",
        at_target={"takes_cpu": None},
        authority="nova/virt/libvirt/driver.py 33.0, _compare_cpu refuses before "
        "anything is touched",
    ),
    Situation(
        "The target does not compare CPUs",
        at_target={"settings": {"workarounds.skip_cpu_compare_on_dest": "true"}},
        authority="nova/conf/workarounds.py 33.0: libvirt compares by itself",
    ),
    Situation(
        "The target's QEMU has no longer the machine type that Nova recorded",
        {"image_properties": {"hw_machine_type": "pc-q35-8.2"}},
        at_target={"takes_machine": False},
        authority="doc/source/admin/hw-machine-type.rst 33.0: the version is recorded",
    ),
    Situation(
        "The target's QEMU does not know the machine type that q35 stands for",
        {"image_properties": {"hw_machine_type": "q35"}},
        at_target={"takes_machine": False, "takes_recorded": True},
        authority="doc/source/admin/hw-machine-type.rst 33.0: the alias is recorded, "
        "and the target resolves it",
    ),
)

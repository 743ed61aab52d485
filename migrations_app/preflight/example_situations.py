"""Typical situations, and what is advised in each: docs/advice.md.

``python -m migrations_app.preflight advice > docs/advice.md`` writes it; a test holds
it true.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from migrations_app.integrations.interfaces import Base, ServerGroup
from migrations_app.preflight.situation import (
    FLAVOR,
    GIB,
    ID,
    SCRATCH,
    SOURCE,
    TARGET,
    Situation,
)

EPHEMERAL = {"flavor": replace(FLAVOR, ephemeral_gb=20)}
RAW = {"libvirt.images_type": "raw"}
OFF = {"vm_state": "stopped", "status": "SHUTOFF", "power_state": 4}


def group(policy: str, host: str) -> ServerGroup:
    """Return a group of the instance and another member, which is on that host."""
    return ServerGroup("g-1", "web", policy, 1, (ID, "web-02"), {"web-02": host})


def _made(content: str) -> dict[str, Any]:
    """Return what a host says of the file that ephemeral disks stand on there."""
    return {"made": {SCRATCH: Base(20 * GIB, content, content)}}


SITUATIONS: tuple[Situation, ...] = (
    Situation("Running, on shared storage", at_target={"shared": True}),
    Situation(
        "Running, on shared storage, with a config drive",
        {"config_drive": True},
        at_target={"shared": True},
    ),
    Situation("Running, with local disks"),
    Situation("Running, with local disks and a config drive", {"config_drive": True}),
    Situation(
        "Running, with local disks and a config drive, the scheduler is to choose",
        {"config_drive": True},
        target=None,
    ),
    Situation(
        "Running, with local disks and a config drive, Nova 2024.1, no ssh for Nova",
        {"config_drive": True},
        facts={"release": (29, 29)},
        at_target={"nova": "29.2.0", "nova_reaches": False, "nova_returns": False},
    ),
    Situation("Running, booted from a volume", {"image": None, "volumes": ("vda",)}),
    Situation(
        "Running, booted from a volume, with a config drive",
        {"image": None, "volumes": ("vda",), "config_drive": True},
    ),
    Situation("Running, with local disks and a data volume", {"volumes": ("vdb",)}),
    Situation("Stopped", OFF),
    Situation("Stopped, the scheduler is to choose", OFF, target=None),
    Situation("Stopped, with a data volume", {**OFF, "volumes": ("vdb",)}),
    Situation("Locked by its project", {"locked": True, "locked_reason": "month end"}),
    Situation("With pinned processors", extra={"hw:cpu_policy": "dedicated"}),
    Situation("With a PCI device", extra={"pci_passthrough:alias": "a100:1"}),
    Situation(
        "With a PCI device, and the source permits post-copy",
        extra={"pci_passthrough:alias": "a100:1"},
        at_source={"settings": {"libvirt.live_migration_permit_post_copy": "true"}},
    ),
    Situation("With a virtual TPM", extra={"hw:tpm_version": "2.0"}),
    Situation(
        "With a virtual TPM, whose key the host keeps, too",
        extra={"hw:tpm_version": "2.0", "hw:tpm_secret_security": "host"},
    ),
    Situation(
        "With a virtual TPM, whose key is Nova's own",
        extra={"hw:tpm_version": "2.0", "hw:tpm_secret_security": "deployment"},
    ),
    Situation("With UEFI", {"image_properties": {"hw_firmware_type": "uefi"}}),
    Situation("In an affinity group", facts={"group": group("affinity", SOURCE)}),
    Situation(
        "In an anti-affinity group that has a member on the target",
        facts={"group": group("anti-affinity", TARGET)},
    ),
    Situation("The target has no room", room_mb=1024),
    Situation(
        "The target is disabled",
        service_of={TARGET: {"enabled": False, "disabled_reason": "Migrations Only"}},
    ),
    Situation("The source's nova-compute is down", service_of={SOURCE: {"up": False}}),
    Situation(
        "Stopped, and the source's nova-compute is down",
        OFF,
        service_of={SOURCE: {"up": False}},
    ),
    Situation(
        "Very big and busy",
        {"flavor": replace(FLAVOR, name="x1.huge", vcpus=32, ram_mb=262_144)},
    ),
    Situation(
        "The target has an older CPU",
        at_target={"takes_cpu": False, "cpu_why": "the CPU is incompatible"},
    ),
    Situation(
        "The target's QEMU has no longer the machine type that Nova recorded",
        {"image_properties": {"hw_machine_type": "pc-q35-8.2"}},
        at_target={"takes_machine": False},
    ),
    Situation(
        "Neither libvirt nor Nova's SSH reaches the target",
        at_target={"libvirt_reaches": False, "nova_reaches": False},
    ),
    Situation(
        "A folder of the instance was left on the target",
        at_target={"folder_there": True},
    ),
    Situation(
        "The hosts keep instances at different paths",
        at_target={"instances": "/srv/nova/instances"},
    ),
    Situation(
        "With an ephemeral disk, whose backing file the target has otherwise",
        EPHEMERAL,
        at_source=_made("a"),
        at_target=_made("b"),
    ),
    Situation(
        "With an ephemeral disk, whose backing file the target has not",
        EPHEMERAL,
        at_source=_made("a"),
        at_target={"made": {SCRATCH: Base(None)}},
    ),
    Situation(
        "With an ephemeral disk, whose backing file was put on the target",
        EPHEMERAL,
        at_source=_made("a"),
        at_target=_made("a"),
    ),
    Situation(
        "The hosts keep raw disks, with use_cow_images on",
        at_source={"settings": RAW},
        at_target={"settings": RAW},
        raw=True,
    ),
    Situation(
        "Stopped, and the hosts keep raw disks, with use_cow_images on",
        OFF,
        at_source={"settings": RAW},
        at_target={"settings": RAW},
        raw=True,
    ),
)

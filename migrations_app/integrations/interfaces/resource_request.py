"""What Nova asks of placement for a server: amounts and traits, and what is not known.

As nova/scheduler/utils.py (ResourceRequest.from_request_spec) and
nova/scheduler/request_filter.py have it from 20.0 to 34.0, of which this is what no
option of nova.conf switches on or off. The same amounts are charged on the target.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from migrations_app.wording import whole_number

VCPU, PCPU, MEMORY_MB, DISK_GB = "VCPU", "PCPU", "MEMORY_MB", "DISK_GB"
ENCRYPTED = "MEM_ENCRYPTION_CONTEXT"
TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})  # oslo_utils/strutils.py
# XS_KEYPAT of nova/scheduler/utils.py.
_KEY = re.compile(r"(resources|trait)([a-zA-Z0-9_-]{1,64})?:(.*)")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a flavor and an image ask for. VCPUs, MiB of memory, GiB of disk.

    ``disk_gb`` is all that lies on the host. ``specs`` are the flavor's extra specs,
    ``image`` the image's properties.
    """

    vcpus: int
    memory_mb: int
    disk_gb: int
    specs: Mapping[str, str]
    image: Mapping[str, str]

    def wish(self, name: str, *, prefix: str = "hw") -> str:
        """Return what the flavor or else the image wishes; empty: nothing."""
        return str(
            self.specs.get(f"{prefix}:{name}")
            or self.image.get(f"{prefix}_{name}")
            or ""
        )

    @property
    def cpu_policy(self) -> str:
        """dedicated, mixed, shared or empty; a conflict is refused by Nova's API."""
        return self.wish("cpu_policy")


@dataclass(frozen=True, slots=True)
class ResourceRequest:
    """What placement is asked for.

    ``amounts`` by resource class, as far as they can be reckoned; those of ``grouped``
    come from providers of their own. ``unknown`` names the extra specs that ask for
    something which cannot be reckoned. ``traits`` are those required, each since which
    major version; a forbidden one begins with "!".
    """

    amounts: Mapping[str, int]
    grouped: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()
    traits: tuple[tuple[int, str], ...] = ()

    def required(self, release: tuple[int, int] | None) -> tuple[list[str], list[str]]:
        """Return the traits that Nova certainly requires, and all that it may.

        ``release`` is the lowest and the highest major version that Nova can be; None:
        unknown.
        """
        lowest, highest = release or (0, 99)
        return (
            sorted({trait for since, trait in self.traits if since <= lowest}),
            sorted({trait for since, trait in self.traits if since <= highest}),
        )


def resource_request(asked: Asked) -> ResourceRequest:
    """Return what placement is asked for, and will charge.

    Without PCI devices, which are not in placement unless ``pci_in_placement`` is set
    (since 27.0).
    """
    unknown = ["accel:device_profile"] if "accel:device_profile" in asked.specs else []
    amounts: dict[str, int] = {}
    grouped = set()
    for key, value in asked.specs.items():
        match = _KEY.fullmatch(key)
        if match is None:
            continue
        kind, group, name = match.groups()
        if group:
            unknown.append(key)
        if kind != "resources":
            continue
        amount = whole_number(str(value).strip())
        if amount is None:
            unknown.append(key)
            continue
        amounts[name] = amounts.get(name, 0) + amount
        if group:
            grouped.add(name)
    processors = _processors(asked)
    if processors is None:
        unknown.append("hw:cpu_dedicated_mask")
    amounts |= processors or {}
    if VCPU not in amounts and PCPU not in amounts:
        amounts[VCPU] = asked.vcpus
    amounts.setdefault(MEMORY_MB, asked.memory_mb)
    amounts.setdefault(DISK_GB, asked.disk_gb)
    if asked.wish("mem_encryption").lower() in TRUE:
        amounts[ENCRYPTED] = 1
    for label in filter(
        None, map(str.strip, asked.specs.get("hw:pmem", "").split(","))
    ):
        name = "CUSTOM_PMEM_NAMESPACE_" + re.sub("[^0-9A-Z]+", "_", label.upper())
        amounts[name] = amounts.get(name, 0) + 1
    return ResourceRequest(
        {name: amount for name, amount in amounts.items() if amount},
        frozenset(grouped),
        tuple(sorted(set(unknown))),
        tuple(_traits(asked)) if asked.specs or asked.image else (),
    )


def _processors(asked: Asked) -> dict[str, int] | None:
    """Return what a policy for CPUs makes of them; None: its mask cannot be read."""
    policy = asked.cpu_policy
    isolated = int(asked.specs.get("hw:emulator_threads_policy") == "isolate")
    if policy == "dedicated":
        return {PCPU: asked.vcpus + isolated}
    if policy != "mixed":
        return {}
    mask = asked.specs.get("hw:cpu_dedicated_mask", "")
    if not mask and asked.specs.get("hw:cpu_realtime", "").lower() in TRUE:
        mask = asked.image.get("hw_cpu_realtime_mask") or asked.specs.get(
            "hw:cpu_realtime_mask", ""
        )
    dedicated = _cpus(mask, asked.vcpus)
    if not dedicated:
        return None
    return {VCPU: asked.vcpus - len(dedicated), PCPU: len(dedicated) + isolated}


def _cpus(mask: str, count: int) -> set[int]:
    """Return the CPUs of a mask (nova/virt/hardware.py, parse_cpu_spec); none: bad."""
    text = mask.strip()
    if text.startswith("^"):
        text = f"0-{count - 1},{text}"
    taken: set[int] = set()
    left_out: set[int] = set()
    for part in filter(None, map(str.strip, text.split(","))):
        match = re.fullmatch(r"(\^?)\s*(\d+)(?:\s*-\s*(\d+))?", part)
        if match is None:
            return set()
        found = left_out if match[1] else taken
        found |= set(range(int(match[2]), min(int(match[3] or match[2]), count) + 1))
    cpus = taken - left_out
    return cpus if cpus <= set(range(count)) else set()


def _traits(asked: Asked) -> Iterator[tuple[int, str]]:
    for trait in _chosen(asked):
        yield 0, trait
    for since, required in _REQUIRED:
        for trait in required(asked):
            yield since, trait


def _chosen(asked: Asked) -> Iterator[str]:
    """Yield those that the flavor and the image name themselves."""
    marks = {"required": "", "forbidden": "!"}
    for name, how in (*asked.specs.items(), *asked.image.items()):
        if name.startswith("trait:") and how in marks:
            yield marks[how] + name.removeprefix("trait:")


def _by(name: str, found: Mapping[str, str], prefix: str = "hw") -> _Requires:
    def required(asked: Asked) -> Iterator[str]:
        if trait := found.get(asked.wish(name, prefix=prefix)):
            yield trait

    return required


def _tpm_version(asked: Asked) -> Iterator[str]:
    if version := asked.wish("tpm_version"):
        number = "1_2" if version == "1.2" else "2_0"
        yield f"COMPUTE_SECURITY_TPM_{number}"


def _tpm_model(asked: Asked) -> Iterator[str]:
    if asked.wish("tpm_version"):
        model = "CRB" if asked.wish("tpm_model") == "tpm-crb" else "TIS"
        yield f"COMPUTE_SECURITY_TPM_{model}"


def _tpm_secret(asked: Asked) -> Iterator[str]:
    if asked.wish("tpm_version"):
        whose = asked.specs.get("hw:tpm_secret_security") or "user"
        yield f"COMPUTE_SECURITY_TPM_SECRET_SECURITY_{whose.upper()}"


def _disk_encryption(asked: Asked) -> Iterator[str]:
    if asked.wish("ephemeral_encryption").lower() in TRUE:
        yield "COMPUTE_EPHEMERAL_ENCRYPTION"
        if kind := asked.wish("ephemeral_encryption_format"):
            yield f"COMPUTE_EPHEMERAL_ENCRYPTION_{kind.upper()}"


def _packed_ring(asked: Asked) -> Iterator[str]:
    if asked.wish("virtio_packed_ring").lower() in TRUE:
        yield "COMPUTE_NET_VIRTIO_PACKED"


def _stateless_firmware(asked: Asked) -> Iterator[str]:
    stateless = str(asked.image.get("hw_firmware_stateless", "")).lower() in TRUE
    if stateless and asked.image.get("hw_firmware_type") == "uefi":
        yield "COMPUTE_SECURITY_STATELESS_FIRMWARE"


def _encrypted_memory(asked: Asked) -> Iterator[str]:
    if asked.wish("mem_encryption").lower() in TRUE:
        model = asked.wish("mem_encryption_model") or "amd-sev"
        vendor = "X86_" + model.upper().replace("-", "_")
        yield f"HW_CPU_{vendor}"


_Requires = Callable[[Asked], Iterator[str]]
# What Nova requires by itself: since which major version (scheduler/utils.py and
# scheduler/request_filter.py of the tags), and of whom.
_REQUIRED: tuple[tuple[int, _Requires], ...] = (
    (
        20,
        _by(
            "cpu_thread_policy",
            {"isolate": "!HW_CPU_HYPERTHREADING", "require": "HW_CPU_HYPERTHREADING"},
        ),
    ),
    (22, _tpm_version),
    (
        23,
        _by("pci_numa_affinity_policy", {"socket": "COMPUTE_SOCKET_PCI_NUMA_AFFINITY"}),
    ),
    (
        23,
        _by("secure_boot", {"required": "COMPUTE_SECURITY_UEFI_SECURE_BOOT"}, "os"),
    ),
    (26, _disk_encryption),
    (29, _packed_ring),
    (
        29,
        _by(
            "maxphysaddr_mode",
            {
                "passthrough": "COMPUTE_ADDRESS_SPACE_PASSTHROUGH",
                "emulate": "COMPUTE_ADDRESS_SPACE_EMULATED",
            },
        ),
    ),
    (30, _tpm_model),
    (30, _stateless_firmware),
    (32, _encrypted_memory),
    (32, _by("sound_model", {"virtio": "COMPUTE_SOUND_MODEL_VIRTIO"})),
    (33, _tpm_secret),
)

"""What Nova asks placement for: by flavor and image, and by release."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from migrations_app.integrations.interfaces.resource_request import (
    Asked,
    resource_request,
)

VTPM = {"hw:tpm_version": "2.0", "hw:tpm_model": "tpm-crb"}


def asked(specs: Mapping[str, str], image: Mapping[str, str] | None = None) -> Asked:
    """Return what a flavor of 8 VCPUs asks for, with these extra specs."""
    return Asked(vcpus=8, memory_mb=4096, disk_gb=20, specs=specs, image=image or {})


def traits(of: Asked, release: tuple[int, int] | None) -> tuple[list[str], list[str]]:
    """Return the traits that Nova requires, and those that it may."""
    return resource_request(of).required(release)


def test_it_asks_for_processors_memory_and_disk() -> None:
    plain = resource_request(asked({}))
    assert plain.amounts == {"VCPU": 8, "MEMORY_MB": 4096, "DISK_GB": 20}
    assert plain.unknown == ()


@pytest.mark.parametrize(
    ("specs", "image", "processors"),
    [
        ({"hw:cpu_policy": "dedicated"}, {}, {"PCPU": 8}),
        ({}, {"hw_cpu_policy": "dedicated"}, {"PCPU": 8}),
        ({"hw:cpu_policy": "shared"}, {}, {"VCPU": 8}),
        (
            {"hw:cpu_policy": "dedicated", "hw:emulator_threads_policy": "isolate"},
            {},
            {"PCPU": 9},
        ),
        (
            {"hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": "^0-2"},
            {},
            {"VCPU": 3, "PCPU": 5},
        ),
        (
            {
                "hw:cpu_policy": "mixed",
                "hw:cpu_dedicated_mask": "0,2-3,^2",
                "hw:emulator_threads_policy": "isolate",
            },
            {},
            {"VCPU": 6, "PCPU": 3},
        ),
        (
            {
                "hw:cpu_policy": "mixed",
                "hw:cpu_realtime": "yes",
                "hw:cpu_realtime_mask": "^0",
            },
            {"hw_cpu_realtime_mask": "^0-1"},
            {"VCPU": 2, "PCPU": 6},
        ),
        ({"resources:PCPU": "8", "resources:VCPU": "0"}, {}, {"PCPU": 8}),
        ({"resources:VCPU": "1"}, {}, {"VCPU": 1}),
    ],
)
def test_it_reckons_dedicated_processors_as_nova_does(
    specs: Mapping[str, str], image: Mapping[str, str], processors: Mapping[str, int]
) -> None:
    found = resource_request(asked(specs, image))
    assert found.unknown == ()
    assert {k: v for k, v in found.amounts.items() if k in {"VCPU", "PCPU"}} == (
        processors
    )


@pytest.mark.parametrize("mask", ["", "^", "0-9", "a", "9999999999", "0-7,^0-7"])
def test_it_does_not_know_the_processors_of_a_mask_that_it_cannot_read(
    mask: str,
) -> None:
    specs = {"hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": mask}
    assert resource_request(asked(specs)).unknown == ("hw:cpu_dedicated_mask",)


def test_it_counts_what_the_flavor_overrides_and_adds() -> None:
    found = resource_request(
        asked(
            {
                "resources:DISK_GB": "0",
                "resources:MEMORY_MB": "8192",
                "resources:CUSTOM_NVIDIA_A40": "1",
                "hw:mem_encryption": "True",
                "hw:pmem": "6GB, 6GB,x-1",
            }
        )
    )
    assert found.amounts == {
        "VCPU": 8,
        "MEMORY_MB": 8192,
        "CUSTOM_NVIDIA_A40": 1,
        "MEM_ENCRYPTION_CONTEXT": 1,
        "CUSTOM_PMEM_NAMESPACE_6GB": 2,
        "CUSTOM_PMEM_NAMESPACE_X_1": 1,
    }
    assert found.unknown == ()


@pytest.mark.parametrize(
    "spec",
    ["trait1:HW_A", "resources_GPU:VGPU", "resources:VGPU", "accel:device_profile"],
)
def test_it_names_what_cannot_be_reckoned(spec: str) -> None:
    assert resource_request(asked({spec: "required"})).unknown == (spec,)


def test_groups_are_charged_but_come_from_providers_of_their_own() -> None:
    found = resource_request(asked({"resources1:VGPU": "1", "resources2:VGPU": "1"}))
    assert found.amounts["VGPU"] == 2
    assert found.grouped == {"VGPU"}
    assert found.unknown == ("resources1:VGPU", "resources2:VGPU")


@pytest.mark.parametrize(
    ("release", "required"),
    [
        (21, []),
        (22, ["COMPUTE_SECURITY_TPM_2_0"]),
        (30, ["COMPUTE_SECURITY_TPM_2_0", "COMPUTE_SECURITY_TPM_CRB"]),
        (
            33,
            [
                "COMPUTE_SECURITY_TPM_2_0",
                "COMPUTE_SECURITY_TPM_CRB",
                "COMPUTE_SECURITY_TPM_SECRET_SECURITY_USER",
            ],
        ),
    ],
)
def test_nova_requires_more_traits_with_each_release(
    release: int, required: list[str]
) -> None:
    assert traits(asked(VTPM), (release, release)) == (required, required)


def test_of_releases_that_cannot_be_told_apart_some_traits_are_only_possible() -> None:
    certain, possible = traits(asked(VTPM), (29, 30))
    assert certain == ["COMPUTE_SECURITY_TPM_2_0"]
    assert possible == ["COMPUTE_SECURITY_TPM_2_0", "COMPUTE_SECURITY_TPM_CRB"]
    assert traits(asked(VTPM), None)[0] == []


@pytest.mark.parametrize(
    ("specs", "image", "trait"),
    [
        ({"hw:cpu_thread_policy": "isolate"}, {}, "!HW_CPU_HYPERTHREADING"),
        ({"hw:cpu_thread_policy": "require"}, {}, "HW_CPU_HYPERTHREADING"),
        ({"os:secure_boot": "required"}, {}, "COMPUTE_SECURITY_UEFI_SECURE_BOOT"),
        ({}, {"os_secure_boot": "required"}, "COMPUTE_SECURITY_UEFI_SECURE_BOOT"),
        ({"hw:virtio_packed_ring": "true"}, {}, "COMPUTE_NET_VIRTIO_PACKED"),
        ({"hw:maxphysaddr_mode": "emulate"}, {}, "COMPUTE_ADDRESS_SPACE_EMULATED"),
        (
            {},
            {"hw_firmware_stateless": "True", "hw_firmware_type": "uefi"},
            "COMPUTE_SECURITY_STATELESS_FIRMWARE",
        ),
        ({}, {"hw_sound_model": "virtio"}, "COMPUTE_SOUND_MODEL_VIRTIO"),
        (
            {"hw:pci_numa_affinity_policy": "socket"},
            {},
            "COMPUTE_SOCKET_PCI_NUMA_AFFINITY",
        ),
        ({"hw:ephemeral_encryption": "1"}, {}, "COMPUTE_EPHEMERAL_ENCRYPTION"),
        (
            {"hw:mem_encryption": "1", "hw:mem_encryption_model": "amd-sev-es"},
            {},
            "HW_CPU_X86_AMD_SEV_ES",
        ),
        ({"trait:HW_A": "required"}, {}, "HW_A"),
        ({"trait:HW_A": "forbidden"}, {}, "!HW_A"),
        ({}, {"trait:HW_A": "required"}, "HW_A"),
    ],
)
def test_nova_requires_a_trait_for_it(
    specs: Mapping[str, str], image: Mapping[str, str], trait: str
) -> None:
    assert traits(asked(specs, image), (34, 34))[0] == [trait]


@pytest.mark.parametrize(
    ("specs", "image"),
    [
        ({}, {}),
        ({"os:secure_boot": "optional", "hw:cpu_thread_policy": "prefer"}, {}),
        ({"hw:virtio_packed_ring": "false", "hw:mem_encryption": "no"}, {}),
        ({}, {"hw_firmware_stateless": "True"}),
        ({"hw:tpm_model": "tpm-crb"}, {}),
    ],
)
def test_nova_requires_no_trait_for_it(
    specs: Mapping[str, str], image: Mapping[str, str]
) -> None:
    assert traits(asked(specs, image), (34, 34)) == ([], [])

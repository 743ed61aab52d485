"""What placement is asked when a move is checked, and what its answer means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from migrations_app.integrations.adapters.openstack import OpenStackCloud, parsing
from migrations_app.integrations.interfaces import Server
from tests.integrations.adapters.sham import Sham, running, write_clouds

CANDIDATES = "GET /placement/allocation_candidates"
IMAGES = "GET /image/v2/images"
VOLUMES = "GET /block-storage/v3/volumes"
HOST = {
    "id": "rp-1",
    "hypervisor_hostname": "h",
    "service": {"host": "h"},
}


@pytest.fixture
def sham(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sham]:
    path = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    with running() as sham:
        write_clouds(path, sham.base("identity"))
        sham.answers["GET /compute/v2.1/os-hypervisors/detail"] = (
            200,
            {"hypervisors": [HOST]},
        )
        sham.answers[CANDIDATES] = offers()
        yield sham


@pytest.fixture
def cloud() -> OpenStackCloud:
    return OpenStackCloud("sham", timeout=5)


def offers(*, unless: str = "nothing") -> Callable[[str], tuple[int, Any]]:
    """Offer the host, unless such a trait is required."""

    def answer(url: str) -> tuple[int, Any]:
        found: list[dict[str, str]] = [] if unless in url else [{}]
        return 200, {"allocation_requests": found}

    return answer


def server(**fields: Any) -> Server:
    """Return a server of two VCPUs, of an image of which Nova tells all it does."""
    flavor = {"vcpus": 2, "ram": 512, "disk": 1}
    flavor["extra_specs"] = fields.pop("specs", {})
    image = {"id": "i", "properties": {}}
    return parsing.server({"id": "u", "flavor": flavor, "image": image, **fields})


def glance(sham: Sham, *images: dict[str, str]) -> None:
    """Let the cloud have Glance, with these images."""
    sham.offer("image", "v2.16")
    sham.answers[IMAGES] = 200, {"images": list(images)}


def asked(sham: Sham) -> list[tuple[str, str]]:
    """Return what placement was asked for: resources, and required traits."""
    urls = [urlsplit(url) for url in sham.asked if url.startswith(CANDIDATES)]
    queries = [parse_qs(url.query) for url in urls]
    return [(it["resources"][0], it["required"][0]) for it in queries]


def test_it_asks_for_dedicated_processors_and_devices(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    pinned = {"hw:cpu_policy": "dedicated", "resources:CUSTOM_A40": "1"}
    assert cloud.fits(server(specs=pinned), "h") is True
    assert asked(sham) == [
        ("CUSTOM_A40:1,PCPU:2,MEMORY_MB:512,DISK_GB:1", "!COMPUTE_STATUS_DISABLED")
    ]


def test_it_asks_for_the_traits_that_nova_requires_itself(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.answers[CANDIDATES] = offers(unless="UEFI_SECURE_BOOT")
    assert cloud.fits(server(specs={"os:secure_boot": "required"}), "h") is False
    assert cloud.fits(server(), "h") is True


def test_a_trait_that_only_one_of_the_possible_releases_requires_makes_it_unknown(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.newest = "2.96"  # 29 or 30
    vtpm = server(specs={"hw:tpm_version": "2.0"})
    assert cloud.fits(vtpm, "h") is True
    sham.answers[CANDIDATES] = offers(unless="TPM_TIS")
    assert cloud.fits(vtpm, "h") is None
    sham.answers[CANDIDATES] = offers(unless="TPM_2_0")
    assert cloud.fits(vtpm, "h") is False


@pytest.mark.parametrize("spec", ["trait1:HW_A", "accel:device_profile"])
def test_what_cannot_be_reckoned_makes_a_yes_unknown_but_not_a_no(
    sham: Sham, cloud: OpenStackCloud, spec: str
) -> None:
    special = server(specs={spec: "required"})
    assert cloud.fits(special, "h") is None
    sham.answers[CANDIDATES] = 200, {"allocation_requests": []}
    assert cloud.fits(special, "h") is False


def test_the_traits_of_an_image_are_read_from_glance(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    glance(sham, {"id": "i", "trait:HW_A": "required", "hw_cpu_policy": "dedicated"})
    told = server(image={"id": "i", "properties": {"hw_disk_bus": "scsi"}})
    assert cloud.fits(told, "h") is True
    # what Nova tells of an image is as it was when the instance was made of it
    assert asked(sham) == [
        ("VCPU:2,MEMORY_MB:512,DISK_GB:1", "!COMPUTE_STATUS_DISABLED,HW_A")
    ]


def test_before_nova_tells_the_image_glance_does_or_it_is_not_known(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    before = server(image={"id": "i"})
    assert OpenStackCloud("sham", timeout=5).fits(before, "h") is None  # no Glance
    glance(sham, {"id": "i", "hw_cpu_policy": "dedicated"})
    assert cloud.fits(before, "h") is True
    assert asked(sham)[-1][0] == "PCPU:2,MEMORY_MB:512,DISK_GB:1"
    sham.answers[IMAGES] = 200, {"images": []}
    assert cloud.fits(before, "h") is None
    sham.answers[IMAGES] = 403, {"message": "Not yours."}
    assert cloud.fits(before, "h") is None


def on_volumes(sham: Sham, *volumes: dict[str, Any]) -> Server:
    """Return a server that boots from one of these volumes, which Cinder has."""
    sham.offer("block-storage", "v3.0")
    for volume in volumes:
        sham.answers[f"{VOLUMES}/{volume['id']}"] = 200, {"volume": volume}
    attached = [{"id": it["id"]} for it in volumes]
    return server(image="", **{"os-extended-volumes:volumes_attached": attached})


def a_volume(name: str, *, bootable: str, **image: str) -> dict[str, Any]:
    told = {"volume_image_metadata": image} if image else {}
    return {"id": name, "status": "in-use", "bootable": bootable, **told}


def test_an_instance_on_a_volume_asks_for_what_the_volume_keeps_of_its_image(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    root = a_volume(
        "v1",
        bootable="true",
        **{"hw_cpu_policy": "dedicated", "trait:HW_A": "required"},
    )
    before = on_volumes(sham, root, a_volume("v2", bootable="false"))
    assert cloud.fits(before, "h") is True
    assert asked(sham) == [
        ("PCPU:2,MEMORY_MB:512", "!COMPUTE_STATUS_DISABLED,HW_A"),
    ]


def test_which_volume_it_boots_from_may_be_unknown_and_so_what_its_image_asks_for(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    two = [a_volume(name, bootable="true") for name in ("v1", "v2")]
    assert cloud.fits(on_volumes(sham, *two), "h") is None
    one = on_volumes(sham, a_volume("v1", bootable="true"))
    sham.answers[f"{VOLUMES}/v1"] = 403, {"message": "Not yours."}
    assert cloud.fits(one, "h") is None

"""A block migration to a host that makes disks in another format."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLDLY, LIVE, MANUAL
from tests.preflight.build import finding, guest, said, seen
from tests.preflight.case import options

BLOCKS, UNKNOWN = Severity.BLOCKS, Severity.UNKNOWN
ROOT = guest().disks[0]


def kept(images_type: str, cow: str = "true") -> dict[str, Any]:
    return options(libvirt__images_type=images_type, DEFAULT__use_cow_images=cow)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (kept("raw"), BLOCKS),
        (kept("flat"), BLOCKS),
        (kept("default", "false"), BLOCKS),
        (kept("default"), None),
        (kept("qcow2", "false"), None),
        (kept("$elsewhere"), UNKNOWN),
    ],
)
def test_a_disk_on_a_base_image_is_opened_as_what_it_is_made(
    target: dict[str, Any], expected: Severity | None
) -> None:
    given = seen(target=target)
    assert said("disk.live_format", given, by=LIVE) is expected
    for procedure in (*COLDLY, MANUAL):
        assert said("disk.live_format", given, by=procedure) is None


@pytest.mark.parametrize(
    "disk",
    [
        replace(ROOT, chain=()),
        replace(ROOT, format="raw", chain=()),
        replace(ROOT, kind="network"),
    ],
)
def test_other_disks_are_made_as_they_are(disk: Any) -> None:
    given = seen(guest(disk), target=kept("raw"))
    assert said("disk.live_format", given, by=LIVE) is None


def test_nothing_is_made_on_shared_storage() -> None:
    given = seen(target={**kept("raw"), "shared": True})
    assert said("disk.live_format", given, by=LIVE) is None


def test_it_names_the_disks_and_what_to_do() -> None:
    found = finding("disk.live_format", seen(target=kept("raw")), by=LIVE)
    assert found is not None
    assert "would create disk of " in found.sentence
    assert found.remedy.startswith("Move it manually")

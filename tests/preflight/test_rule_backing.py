from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, COLD_BY_DISABLING, LIVE
from tests.preflight.build import BASE, GIB, INSTANCES, finding, guest, said, seen

OK, BLOCKS = Severity.OK, Severity.BLOCKS
# the file of a snapshot, from which the instance was unshelved long ago
OLD = f"{INSTANCES}/_base/5e7b2a90c1d04b7f8a7cfae0a4b4f5a8d9b6c3e1"
HERE = {"bases": {OLD: GIB, BASE: GIB}}


def on(path: str, **changes: Any) -> Facts:
    """An instance whose root disk stands on that file."""
    disk = replace(guest().disks[0], chain=(path,))
    return seen(guest(disk), **{"source": HERE, **changes})


def test_a_live_move_would_make_that_file_of_another_image() -> None:
    found = finding("disk.backing", on(OLD, image_there=True), by=LIVE)
    assert found is not None
    assert found.severity is BLOCKS
    assert OLD in found.sentence
    assert "would have another content" in found.sentence
    assert "manual move" in found.remedy


@pytest.mark.parametrize("by", [COLD, COLD_BY_DISABLING])
@pytest.mark.parametrize("image_there", [True, False, None])
def test_a_cold_move_would_not_bring_it(by: str, image_there: bool | None) -> None:
    found = finding("disk.backing", on(OLD, image_there=image_there), by=by)
    assert found is not None
    assert found.severity is BLOCKS
    assert "would end in ERROR" in found.sentence


def test_a_live_move_brings_it_where_glance_has_no_image_any_more() -> None:
    assert said("disk.backing", on(OLD, image_there=False), by=LIVE) is OK


@pytest.mark.parametrize("by", [LIVE, COLD])
def test_a_target_that_has_the_file_will_do(by: str) -> None:
    assert said("disk.backing", on(OLD, target={"bases": {OLD: GIB}}), by=by) is OK


@pytest.mark.parametrize("by", [LIVE, COLD])
def test_a_target_with_another_file_of_that_name_will_not(by: str) -> None:
    found = finding("disk.backing", on(OLD, target={"bases": {OLD: 2 * GIB}}), by=by)
    assert found is not None
    assert found.severity is BLOCKS
    assert "another file of that name" in found.sentence


@pytest.mark.parametrize("path", [BASE, f"{BASE}_20"])
def test_the_file_of_its_image_can_be_fetched(path: str) -> None:
    assert said("disk.backing", on(path)) is OK


def test_on_shared_storage_it_does_not_matter() -> None:
    assert said("disk.backing", on(OLD, target={"shared": True})) is None


def test_a_disk_that_stands_on_nothing_is_no_matter() -> None:
    whole = replace(guest().disks[0], format="raw", chain=())
    assert said("disk.backing", seen(guest(whole))) is None

"""What counts as kept, and that the document of disks says what was seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab import layout
from lab.release import NEWEST
from proof.disks import cells, table
from proof.disks.cells import DIFFERS, DISKS, EQUAL, HELD, MISSING, REFUSED, Cell
from proof.disks.situations import SITUATIONS

WHOLE = dict.fromkeys(DISKS, "a checksum")
LOST = "changed, as disk.config_drive says"


def cell(**more: object) -> Cell:
    plain = Cell(
        release=NEWEST,
        situation="default",
        procedure="live",
        on="2026-11-30",
        verdict=cells.MOVED,
        disks=dict.fromkeys(DISKS, EQUAL),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def test_disks_that_hold_the_same_are_equal() -> None:
    assert set(cells.compare(WHOLE, WHOLE, []).values()) == {EQUAL}


def test_a_disk_that_is_not_there_any_more_is_missing() -> None:
    after = {disk: content for disk, content in WHOLE.items() if disk != "swap"}
    found = cells.compare(WHOLE, after, ["disk.new_swap"])
    assert found["swap"] == MISSING
    assert not cell(disks=found).right


@pytest.mark.parametrize(
    "disk, warned, said",
    [
        ("config drive", ["disk.config_drive"], LOST),
        ("config drive", ["disk.new_swap"], DIFFERS),
        # nothing may foretell that these are lost
        ("root", ["disk.config_drive", "disk.new_swap"], DIFFERS),
        ("data volume", ["disk.config_drive"], DIFFERS),
    ],
)
def test_a_disk_may_change_only_by_its_own_rule(
    disk: str, warned: list[str], said: str
) -> None:
    found = cells.compare(WHOLE, WHOLE | {disk: "another"}, warned)
    assert found.pop(disk) == said
    assert set(found.values()) == {EQUAL}


@pytest.mark.parametrize(
    "found, right",
    [
        (cell(), True),
        (cell(verdict=REFUSED, disks={}, rules=("disk.raw",)), True),
        (cell(verdict=HELD, disks={}, why="a disk is lost"), True),
        (cell(disks=WHOLE | {"root": DIFFERS}), False),
        (cell(disks={"root": EQUAL}), False),
        (cell(verdict=cells.FAILED, disks={}, why="held: both are gone"), False),
    ],
)
def test_a_loss_that_nobody_was_told_of_is_a_fault(found: Cell, right: bool) -> None:
    assert found.right is right
    assert ("**FAULT**" in table.text([found])) is not right


def test_one_cell_after_the_other_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "disks.json"
    refused = cell(verdict=REFUSED, disks={}, rules=("disk.raw",))
    for each in (cell(), cell(procedure="cold"), refused):
        cells.remember(each, file)
    assert cells.recall(file) == [cell(procedure="cold"), refused]


def test_the_document_says_what_became_of_each_disk() -> None:
    refused = cell(procedure="cold", verdict=REFUSED, rules=("disk.raw",), disks={})
    lost = cell(disks=dict.fromkeys(DISKS, EQUAL) | {"config drive": LOST})
    text = table.text([lost, refused])
    assert "| equal but (1) 2026-11-30 | refused `disk.raw` 2026-11-30 |" in text
    assert f"* (1) Config drive {LOST}." in text


@pytest.mark.parametrize("name", list(SITUATIONS))
def test_each_situation_wants_layouts_that_go_together(name: str) -> None:
    assert layout.of(SITUATIONS[name].layout).volumes


def test_the_document_is_that_of_the_kept_results() -> None:
    assert table.DOC.read_text(encoding="utf-8") == table.text(cells.recall())

from __future__ import annotations

from dataclasses import replace

import pytest

from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, LIVE, MANUAL
from tests.preflight.build import SOURCE, facts, finding, hypervisor, said, stock

FULL = hypervisor(SOURCE, stock=stock(ram_mb=-8000))


@pytest.mark.parametrize("procedure", [LIVE, COLD])
def test_a_source_over_its_capacity_cannot_be_left_before_2025_2(
    procedure: str,
) -> None:
    found = finding("source.capacity", facts(FULL, release=31), by=procedure)
    assert found is not None
    assert found.severity is Severity.BLOCKS
    assert "allocation ratio" in found.remedy
    assert found.evidence["over"].keys() == {"MEMORY_MB"}
    assert said("source.capacity", facts(FULL, release=32), by=procedure) is None


def test_where_the_release_is_one_of_two_it_is_not_known() -> None:
    for release in (None, (31, 32)):
        given = replace(facts(FULL), release=release, control=release)
        assert said("source.capacity", given) is Severity.UNKNOWN


@pytest.mark.parametrize(
    ("control", "expected"),
    [((33, 33), None), ((31, 32), Severity.UNKNOWN), (None, Severity.UNKNOWN)],
)
def test_hosts_that_are_upgraded_last_do_not_tell_how_old_placement_is(
    control: tuple[int, int] | None, expected: Severity | None
) -> None:
    given = replace(facts(FULL, release=31), control=control)
    assert said("source.capacity", given) is expected


def test_the_capacity_of_other_classes_or_by_hand_does_not_matter() -> None:
    assert said("source.capacity", facts(FULL, release=31), by=MANUAL) is None
    full = hypervisor(
        SOURCE, stock=stock() | {"VGPU": replace(stock()["VCPU"], used=99)}
    )
    assert said("source.capacity", facts(full, release=31)) is None

"""Ephemeral and swap disks, and the files that each host made below them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrations_app.integrations.interfaces import Base, Disk, Server
from migrations_app.preflight.advice import advise
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, Severity
from migrations_app.preflight.rule import (
    BY_NOVA,
    COLD,
    COLDLY,
    LIVE,
    MANUAL,
    PROCEDURES,
)
from migrations_app.procedures.manual import Manual
from tests.preflight.build import (
    FLAVOR,
    GIB,
    INSTANCES,
    TARGET,
    WEB,
    by_hand,
    facts,
    finding,
    guest,
    said,
    seen,
    server,
)

OK, WARNS, BLOCKS = Severity.OK, Severity.WARNS, Severity.BLOCKS
UNKNOWN = Severity.UNKNOWN
EPHEMERAL = f"{INSTANCES}/_base/ephemeral_5_0706d66"
SWAP = f"{INSTANCES}/_base/swap_64"
ONE, OTHER, CUT = Base(GIB, "a", "b"), Base(GIB, "c", "d"), Base(GIB, "a")
NONE = Base(None)
FROM_VOLUME = server(image=None, volumes=("v-1",))


def found(given: Facts, *, by: str = LIVE) -> Finding:
    told = finding("disk.ephemeral", given, by=by)
    assert told is not None
    return told


def scratch(
    here: Base | None = ONE,
    there: Base | None = ONE,
    *,
    path: str = EPHEMERAL,
    of: Server | None = None,
    **at_target: Any,
) -> Facts:
    """An instance with such a disk, and what its file holds on both hosts."""
    name = "disk.swap" if "swap" in path else "disk.eph0"
    disk = Disk(
        source=f"{INSTANCES}/{WEB}/{name}",
        target="vdb",
        device="disk",
        kind="file",
        format="qcow2",
        virtual_size=GIB,
        chain=(path,),
    )
    flavor = replace(FLAVOR, ephemeral_gb=5, swap_mb=64)
    return by_hand(
        guest(guest().disks[0], disk),
        server=replace(of or server(), flavor=flavor),
        source={"made": {} if here is None else {path: here}},
        target={"made": {} if there is None else {path: there}, **at_target},
    )


@pytest.mark.parametrize("procedure", BY_NOVA)
@pytest.mark.parametrize("path", [EPHEMERAL, SWAP])
@pytest.mark.parametrize("there", [OTHER, Base(2 * GIB, "a", "b"), Base(GIB, "c")])
def test_it_puts_no_disk_onto_a_file_with_other_content(
    procedure: str, path: str, there: Base
) -> None:
    told = found(scratch(there=there, path=path), by=procedure)
    assert told.severity is BLOCKS
    assert path in told.sentence
    assert told.evidence["files"] == [path]


@pytest.mark.parametrize("procedure", BY_NOVA)
def test_nova_would_make_a_file_that_is_missing_with_other_content(
    procedure: str,
) -> None:
    told = found(scratch(there=NONE), by=procedure)
    assert told.severity is BLOCKS
    assert "manual move" in told.remedy


def test_by_hand_a_file_that_is_missing_is_carried_along() -> None:
    assert said("disk.ephemeral", scratch(there=NONE), by=MANUAL) is OK


@pytest.mark.parametrize("path", [EPHEMERAL, SWAP])
def test_by_hand_it_gets_another_name_where_its_own_is_taken(path: str) -> None:
    given = scratch(there=OTHER, path=path)
    told = found(given, by=MANUAL)
    assert told.severity is OK
    assert f"under another name where {TARGET} has another file" in told.sentence
    survey = given.survey
    assert survey is not None
    assert list(Manual.survey_facts(survey)["renamed"].values()) == [path]


@pytest.mark.parametrize("there", [ONE, NONE, None])
def test_by_hand_it_keeps_its_name_where_that_is_free_or_the_same(
    there: Base | None,
) -> None:
    survey = scratch(there=there).survey
    assert survey is not None
    assert "renamed" not in Manual.survey_facts(survey)


def test_missing_swap_blocks_only_a_move_that_copies_it() -> None:
    given = scratch(there=NONE, path=SWAP)
    assert said("disk.ephemeral", given, by=LIVE) is BLOCKS
    for procedure in COLDLY:
        assert said("disk.ephemeral", given, by=procedure) is None


def test_missing_swap_hides_no_ephemeral_disk_that_could_not_be_compared() -> None:
    given = scratch(there=NONE, path=SWAP)
    survey = given.survey
    assert survey is not None and survey.guest is not None
    root, swap = survey.guest.disks
    disk = replace(swap, source=f"{INSTANCES}/{WEB}/disk.eph0", chain=(EPHEMERAL,))
    both = replace(survey, guest=guest(root, swap, disk))
    assert said("disk.ephemeral", replace(given, survey=both), by=COLD) is UNKNOWN


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_it_is_content_where_the_target_has_the_same_file(procedure: str) -> None:
    assert said("disk.ephemeral", scratch(), by=procedure) is OK


@pytest.mark.parametrize("procedure", PROCEDURES)
@pytest.mark.parametrize(
    ("here", "there"), [(ONE, None), (None, ONE), (CUT, ONE), (ONE, CUT), (NONE, NONE)]
)
def test_content_that_was_not_read_is_neither_the_same_nor_another(
    here: Base | None, there: Base | None, procedure: str
) -> None:
    told = found(scratch(here, there), by=procedure)
    assert told.severity is UNKNOWN
    assert EPHEMERAL in told.sentence
    assert "sha256sum" in told.remedy


def test_a_disk_that_did_not_say_what_it_stands_on_is_unknown() -> None:
    given = scratch()
    survey = given.survey
    assert survey is not None and survey.guest is not None
    root, disk = survey.guest.disks
    mute = guest(root, replace(disk, chain=(), virtual_size=0))
    flat = guest(root, replace(disk, chain=(), format="raw"))
    for shown, expected in ((mute, UNKNOWN), (flat, OK)):
        given = replace(given, survey=replace(survey, guest=shown))
        assert said("disk.ephemeral", given) is expected


def test_an_ephemeral_disk_beside_a_volume_is_one_too() -> None:
    assert said("disk.ephemeral", scratch(there=OTHER, of=FROM_VOLUME)) is BLOCKS


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_on_shared_storage_there_is_one_file_only(procedure: str) -> None:
    given = scratch(None, None, shared=True)
    assert said("disk.ephemeral", given, by=procedure) is None


def test_it_speaks_of_no_instance_without_such_a_disk() -> None:
    for given in (facts(), seen(), facts(server=FROM_VOLUME)):
        assert said("disk.ephemeral", given) is None


@pytest.mark.parametrize(("there", "advised"), [(OTHER, MANUAL), (NONE, MANUAL)])
def test_a_way_that_changes_its_content_is_never_advised(
    there: Base, advised: str | None
) -> None:
    best = advise(scratch(there=there), targets=[TARGET]).recommended
    assert (best and best.procedure) == advised

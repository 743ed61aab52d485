"""What a manual move would lose, or brings back late."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrations_app.preflight.finding import Finding, Severity
from migrations_app.preflight.rule import COLD, COLDLY, LIVE, MANUAL, PROCEDURES
from tests.preflight.build import INSTANCES, by_hand, finding, guest, server


def kept(procedure: str, *what: str) -> Finding:
    given = by_hand(guest(kept=what))
    told = finding("source.kept", given, by=procedure)
    assert told is not None
    return told


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_nothing_is_moved_that_has_snapshots(procedure: str) -> None:
    told = kept(procedure, "snapshot", "checkpoint")
    assert told.severity is Severity.BLOCKS
    assert "virsh snapshot-delete" in told.remedy


@pytest.mark.parametrize("procedure", COLDLY)
def test_nova_cannot_confirm_what_has_checkpoints(procedure: str) -> None:
    told = kept(procedure, "checkpoint")
    assert told.severity is Severity.BLOCKS
    assert "the confirmation ends in ERROR" in told.sentence


@pytest.mark.parametrize("procedure", [LIVE, MANUAL])
def test_it_says_that_the_next_backup_must_be_a_full_one(procedure: str) -> None:
    told = kept(procedure, "checkpoint")
    assert told.severity is Severity.WARNS
    assert "full" in told.remedy


def test_a_saved_memory_is_not_lost_in_a_manual_move() -> None:
    assert kept(MANUAL, "managed-save").severity is Severity.BLOCKS
    assert kept(COLD, "managed-save").severity is Severity.WARNS


def test_what_libvirt_did_not_tell_is_unknown() -> None:
    told = finding("source.kept", by_hand(guest(kept=None)), by=MANUAL)
    assert told is not None
    assert told.severity is Severity.UNKNOWN


def test_it_says_that_a_fast_guest_boots_without_its_volumes() -> None:
    told = finding("manual.volumes", by_hand(server=server(volumes=("v",))), by=MANUAL)
    assert told is not None
    assert told.severity is Severity.WARNS
    assert "a guest that boots fast boots without them" in told.sentence


def test_a_disk_that_may_stand_on_more_files_than_were_read_is_not_copied() -> None:
    disk = replace(guest().disks[0], chain=(), unread=f"{INSTANCES}/_base/b")
    told = finding("manual.files", by_hand(guest(disk)), by=MANUAL)
    assert told is not None
    assert told.severity is Severity.BLOCKS
    assert "backing files of disk of web-1 could not be read" in told.sentence
    raw = replace(disk, format="raw")
    told = finding("manual.files", by_hand(guest(raw)), by=MANUAL)
    assert told is not None
    assert told.severity is Severity.OK

"""What a manual move would lose, or brings back late."""

from __future__ import annotations

import pytest

from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import MANUAL
from tests.preflight.build import by_hand, finding, guest, server


@pytest.mark.parametrize("kept", ["snapshot", "managed-save"])
def test_it_refuses_what_would_be_lost_and_says_how_to_get_rid_of_it(kept: str) -> None:
    told = finding("manual.kept", by_hand(guest(kept=(kept, "checkpoint"))), by=MANUAL)
    assert told is not None
    assert told.severity is Severity.BLOCKS
    assert "which a manual move loses" in told.sentence
    assert "virsh" in told.remedy


def test_it_says_that_the_next_backup_must_be_a_full_one() -> None:
    told = finding("manual.kept", by_hand(guest(kept=("checkpoint",))), by=MANUAL)
    assert told is not None
    assert told.severity is Severity.WARNS
    assert "full" in told.remedy


def test_what_libvirt_did_not_tell_is_unknown() -> None:
    told = finding("manual.kept", by_hand(guest(kept=None)), by=MANUAL)
    assert told is not None
    assert told.severity is Severity.UNKNOWN


def test_it_says_that_a_fast_guest_boots_without_its_volumes() -> None:
    told = finding("manual.volumes", by_hand(server=server(volumes=("v",))), by=MANUAL)
    assert told is not None
    assert told.severity is Severity.WARNS
    assert "a guest that boots fast boots without them" in told.sentence

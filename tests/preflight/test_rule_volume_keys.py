"""Keys of encrypted volumes, and the zones that volumes may be attached from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrations_app.integrations.interfaces import Volume
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, LIVE, MANUAL
from tests.preflight.build import TARGET, by_hand, facts, finding, hypervisor, said
from tests.preflight.case import options

WARNS, UNKNOWN, BLOCKS = Severity.WARNS, Severity.UNKNOWN, Severity.BLOCKS
VOLUME = Volume("v-1", "in-use", "OS1")
CLOSED = options(cinder__cross_az_attach="false")


@pytest.mark.parametrize(("by", "ends"), [(LIVE, "fails"), (COLD, "ERROR")])
def test_it_does_not_know_whether_we_may_read_the_key_of_a_volume(
    by: str, ends: str
) -> None:
    found = finding(
        "volume.encrypted", facts(volumes=(replace(VOLUME, encrypted=True),)), by=by
    )
    assert found is not None
    assert found.severity is UNKNOWN
    assert ends in found.sentence


@pytest.mark.parametrize(
    ("target", "by", "expected"),
    [
        ({}, MANUAL, UNKNOWN),  # nova-api's option is not the target's
        ({}, COLD, WARNS),
        (CLOSED, MANUAL, BLOCKS),
        (CLOSED, COLD, WARNS),
        ({"instances": ""}, MANUAL, UNKNOWN),
        ({"instances": ""}, COLD, WARNS),
    ],
)
def test_a_target_that_attaches_across_zones_is_not_enough(
    target: dict[str, Any], by: str, expected: Severity
) -> None:
    given = by_hand(target=target, volumes=(VOLUME,))
    other = {TARGET: hypervisor(TARGET, zone="OS2")}
    given = replace(given, hypervisors={**given.hypervisors, **other})
    assert said("volume.zone", given, by=by) is expected

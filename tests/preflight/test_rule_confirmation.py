from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, COLDLY
from tests.preflight.build import SOURCE, TARGET, facts, finding, guest, said, seen
from tests.preflight.case import options

OK, WARNS, UNKNOWN = Severity.OK, Severity.WARNS, Severity.UNKNOWN


@pytest.mark.parametrize("by", COLDLY)
@pytest.mark.parametrize(
    "given, host",
    [
        (seen(source={"libvirt": ""}), SOURCE),
        (seen(target={"libvirt": ""}), TARGET),
        (seen(guest(replace(guest().disks[0], virtual_size=0, chain=()))), SOURCE),
    ],
)
def test_it_says_before_that_the_run_will_be_held(
    given: Facts, host: str, by: str
) -> None:
    found = finding("disk.compared", given, by=by)
    assert found is not None
    assert found.severity is WARNS
    assert f"does not answer on {host}. The run will be held" in found.sentence


@pytest.mark.parametrize(
    "window, expected", [("60", WARNS), ("0", OK), (None, OK), ("$other", UNKNOWN)]
)
def test_it_warns_where_nova_confirms_by_itself(
    window: str | None, expected: Severity
) -> None:
    told: Any = options(DEFAULT__resize_confirm_window=window) if window else {}
    assert said("disk.compared", seen(target=told), by=COLD) is expected
    # it is the host that the instance waits on that confirms
    assert said("disk.compared", seen(source=told), by=COLD) is OK


def test_an_option_that_was_not_read_is_not_taken_for_off() -> None:
    given = seen(target={"instances": ""})  # not all files of nova.conf could be read
    assert said("disk.compared", given, by=COLD) is UNKNOWN


def test_where_nobody_looks_the_plan_says_so() -> None:
    assert said("disk.compared", facts(), by=COLD) is None

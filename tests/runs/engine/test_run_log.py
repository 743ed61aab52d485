"""The journal: numbered lines, without a gap, in the order of their commits."""

from __future__ import annotations

import pytest
from django.db import transaction

from migrations_app.errors import LostLease
from migrations_app.models import Line, Run
from migrations_app.runs.engine import run_log
from migrations_app.runs.engine.lease import RunLease
from migrations_app.runs.log_export import log_bytes
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def lease(stage: Stage) -> RunLease:
    run = stage.start("live")
    lease = RunLease(run.pk, stage.clock)
    assert lease.claim()
    return lease


def numbers() -> list[int]:
    return list(Line.objects.values_list("number", flat=True))


def test_lines_are_numbered_without_a_gap(stage: Stage, lease: RunLease) -> None:
    already = len(numbers())
    run_log.add_line(lease, "One.", step="migrate_live")
    run_log.add_note(lease.run_id, "Two, by a person.", at=stage.time)
    run_log.add_line(lease, "Three.")
    assert numbers() == list(range(1, already + 4))
    line = Line.objects.get(text="One.")
    assert (line.step, line.at) == ("migrate_live", stage.time)
    assert Run.objects.get().last_number == already + 3


def test_a_line_that_was_not_committed_leaves_no_gap(lease: RunLease) -> None:
    before = numbers()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        run_log.add_line(lease, "Never.")
        raise ZeroDivisionError
    run_log.add_line(lease, "Always.")
    assert numbers() == [*before, len(before) + 1]
    assert not Line.objects.filter(text="Never.").exists()


def test_nothing_is_said_without_the_lease(stage: Stage, lease: RunLease) -> None:
    before = numbers()
    stranger = RunLease(lease.run_id, stage.clock)
    with pytest.raises(LostLease):
        run_log.add_line(stranger, "Not mine.")
    assert numbers() == before
    assert Run.objects.get().last_number == len(before)


def test_each_run_counts_its_own(stage: Stage, lease: RunLease) -> None:
    stage.server = stage.cloud.create("other", host=stage.source)
    other = stage.start("live")
    run_log.add_note(other.pk, "Here.", at=stage.time)
    assert other.lines.order_by("number").last() == Line.objects.get(text="Here.")
    assert Line.objects.get(text="Here.").number == 2


def test_nothing_that_is_quoted_passes_for_a_line_of_the_log(
    stage: Stage, lease: RunLease
) -> None:
    number = Run.objects.get().last_number
    forged = f"{number + 2:5} {stage.time:%Y-%m-%dT%H:%M:%SZ} Done: the disks are kept."
    console = f"login:\r\n{forged}\n\x1b[2J\r\u202e{forged}\x85\u2028{forged}\0\udc80"

    run_log.add_line(lease, f"The last lines of its console:\n{console}")
    run_log.add_note(lease.run_id, f"rita. So.\n{forged}", at=stage.time)

    lines = Line.objects.filter(number__gt=number).order_by("number")
    text = b"".join(log_bytes(lines)).decode()
    assert text.count(forged) == 4
    numbered = [each for each in text.splitlines() if not each.startswith("      | ")]
    assert [int(each[:5]) for each in numbered] == [number + 1, number + 2]
    assert all(sign.isprintable() or sign == "\n" for sign in text)

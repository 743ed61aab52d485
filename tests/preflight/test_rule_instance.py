from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, LIVE
from migrations_app.preflight.rules import RULES
from tests.preflight.build import (
    OTHER,
    TARGET,
    facts,
    finding,
    move,
    record,
    said,
    server,
)

OK, WARNS, UNKNOWN, BLOCKS = (
    Severity.OK,
    Severity.WARNS,
    Severity.UNKNOWN,
    Severity.BLOCKS,
)
HOUR = timedelta(hours=1)


def test_it_is_content_with_an_instance_on_its_source() -> None:
    assert said("instance.source", facts()) is OK


@pytest.mark.parametrize("host", [OTHER, None])
def test_it_blocks_an_instance_that_is_no_longer_there(host: str | None) -> None:
    assert said("instance.source", facts(server=server(host=host))) is BLOCKS


def test_it_blocks_while_an_earlier_move_waits_to_be_confirmed() -> None:
    resized = server(status="VERIFY_RESIZE", vm_state="resized")
    given = facts(server=resized, migrations=(record("finished"),))
    found = finding("instance.verify_resize", given, by=COLD)
    assert found is not None
    assert found.severity is BLOCKS
    assert "from compute-30 to compute-34" in found.sentence
    assert "confirm or revert" in found.remedy
    # and no other rule says the same in other words
    assert said("instance.state", given, by=COLD) is None
    assert said("instance.migration", given, by=COLD) is OK


def test_it_is_silent_when_nothing_waits_to_be_confirmed() -> None:
    assert said("instance.verify_resize", facts()) is None


@pytest.mark.parametrize(
    ("vm_state", "procedure", "severity"),
    [
        ("active", LIVE, OK),
        ("active", COLD, OK),
        ("paused", LIVE, WARNS),
        ("paused", COLD, BLOCKS),
        ("stopped", LIVE, BLOCKS),
        ("stopped", COLD, OK),
        ("error", LIVE, BLOCKS),
        ("error", COLD, BLOCKS),
        ("rescued", LIVE, BLOCKS),
        ("suspended", COLD, BLOCKS),
        ("shelved_offloaded", COLD, BLOCKS),
        ("building", LIVE, BLOCKS),
        ("something new", LIVE, BLOCKS),
    ],
)
def test_it_judges_the_state_by_what_nova_takes(
    vm_state: str, procedure: str, severity: Severity
) -> None:
    given = facts(server=server(vm_state=vm_state))
    found = finding("instance.state", given, by=procedure)
    assert found is not None
    assert found.severity is severity
    assert bool(found.remedy) is (severity is not OK)


def test_it_blocks_while_nova_is_busy_with_the_instance() -> None:
    assert said("instance.task", facts(server=server(task_state="reb"))) is BLOCKS


def test_it_is_content_while_nova_is_idle() -> None:
    assert said("instance.task", facts()) is OK


def test_it_says_the_same_of_every_task() -> None:
    one, other = (
        finding("instance.task", facts(server=server(task_state=task)))
        for task in ("resize_prep", "resize_migrating")
    )
    assert one is not None and other is not None
    assert (one.sentence, one.remedy) == (other.sentence, other.remedy)


def test_it_warns_of_a_lock_and_shows_its_reason() -> None:
    given = facts(server=server(locked=True, locked_reason="Month-end closing."))
    found = finding("instance.lock", given)
    assert found is not None
    assert found.severity is WARNS
    assert "Month-end closing" in found.sentence


def test_it_is_content_without_a_lock() -> None:
    assert said("instance.lock", facts()) is OK


def test_it_blocks_while_another_move_is_under_way() -> None:
    given = facts(
        server=server(task_state="migrating"), migrations=(record("running"),)
    )
    assert said("instance.migration", given) is BLOCKS


def test_it_blocks_a_move_that_nova_has_only_just_accepted() -> None:
    assert said("instance.migration", facts(migrations=(record("accepted"),))) is BLOCKS


def test_it_blocks_and_tells_what_to_do_about_a_record_that_was_left_over() -> None:
    found = finding(
        "instance.migration", facts(migrations=(record("preparing", age=HOUR),))
    )
    assert found is not None
    assert found.severity is BLOCKS
    assert "unfinished" in found.sentence
    assert "allocation" in found.remedy


def test_it_only_warns_of_a_left_over_record_that_later_moves_did_not_mind() -> None:
    newer, older = record("completed", number=9), record("queued", age=HOUR)
    assert said("instance.migration", facts(migrations=(newer, older))) is WARNS


def test_it_is_content_when_all_moves_are_over() -> None:
    assert said("instance.migration", facts(migrations=(record("failed"),))) is OK


def test_it_does_not_know_of_other_moves_when_the_records_cannot_be_read() -> None:
    given = facts(unread={"migrations": "Nova refuses it."})
    found = finding("instance.migration", given)
    assert found is not None
    assert found.severity is UNKNOWN
    assert found.evidence["why"] == "Nova refuses it."


def test_it_blocks_a_live_move_of_a_guest_that_does_not_run() -> None:
    assert said("instance.power", facts(server=server(power_state=0))) is BLOCKS


def test_it_is_content_with_a_guest_that_runs() -> None:
    assert said("instance.power", facts()) is OK


def test_it_does_not_ask_for_a_running_guest_to_move_it_cold() -> None:
    stopped = facts(server=server(vm_state="stopped", power_state=4))
    assert said("instance.power", stopped, by=COLD) is None
    assert said("instance.power", stopped, by=LIVE) is None


@pytest.mark.parametrize(
    ("release", "target", "words"),
    [(25, TARGET, "Nova chooses"), (26, None, "Nova chooses"), (26, TARGET, "--host")],
)
def test_it_tells_how_an_offloaded_instance_gets_onto_a_host(
    release: int, target: str | None, words: str
) -> None:
    gone = server(
        host=None, node=None, vm_state="shelved_offloaded", status="SHELVED_OFFLOADED"
    )
    given = facts(server=gone, release=release)
    on_none = replace(move(target), source="")
    spoken = [found for rule in RULES if (found := rule(given, on_none, COLD))]
    against = [found for found in spoken if found.severity is BLOCKS]
    assert [found.rule for found in against] == ["instance.source"]
    assert words in against[0].remedy

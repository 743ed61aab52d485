"""How a measurement goes: by any worker, after any death, one at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from migrations_app.errors import Unreachable
from migrations_app.integrations.interfaces import Command
from migrations_app.inventory.copy_speeds import actions as copy_speed_actions
from migrations_app.inventory.copy_speeds import measure as copy_speed_measure
from migrations_app.inventory.copy_speeds import nightly
from migrations_app.models import AuditEntry, Cloud, CopySpeed
from tests.cast import Cast
from tests.stage import Stage


def measure(stage: Stage, *, seconds: int = 15, every: int = 1) -> None:
    """Have a worker look as often as the pacer rings, or more rarely."""
    for _ in range(0, seconds, every):
        if copy_speed_measure.is_due(stage.time):
            copy_speed_measure.measure_due(stage.time)
        stage.later(seconds=every)


def ask(cast: Cast, source: str, target: str) -> CopySpeed:
    return copy_speed_actions.ask(by=cast.operator, source=source, target=target)


def close(stage: Stage, host: str) -> None:
    """Nobody can enter the host any more."""
    stage.cloud._store.run("UPDATE hosts SET ssh = 0 WHERE host = ?", host)


def test_it_measures_and_leaves_nothing_on_the_host(cast: Cast, stage: Stage) -> None:
    row = ask(cast, stage.source, stage.target)

    measure(stage)

    row.refresh_from_db()
    assert row.mbit in (940, 2350, 4700, 9400)
    assert row.trouble == ""
    assert row.latest
    assert stage.cloud._store.rows("SELECT * FROM jobs") == []
    assert not copy_speed_measure.is_due(stage.time + timedelta(days=2))


def test_what_it_does_on_a_host_is_in_the_audit_trail(cast: Cast, stage: Stage) -> None:
    ask(cast, stage.source, stage.target)
    measure(stage)
    close(stage, stage.target)
    ask(cast, stage.source, stage.target)
    measure(stage)

    told = AuditEntry.objects.filter(verb__startswith="speed.").order_by("pk")
    done = ["speed.command", "speed.answered"]
    assert [entry.verb for entry in told] == [
        *("speed.asked", *done, "speed.measured", *done),
        *("speed.asked", *done, "speed.failed", *done),
    ]
    start, _, end, forget, swept = told[1:6]
    assert (start.source, start.target) == (stage.source, stage.target)
    assert start.after["name"] == "start_speed"
    assert "rsync" in start.after["text"]
    assert forget.after["name"] == "forget_speed"
    assert swept.after["command_entry"] == forget.pk
    assert end.after["mbit"] > 0
    assert "SSH" in told[9].after["trouble"]


def test_a_command_that_fails_is_in_the_audit_trail_with_the_reason(
    cast: Cast, stage: Stage
) -> None:
    ask(cast, stage.source, stage.target)
    start, answered = "speed.command", "speed.answered"
    hosts = stage.cloud.hosts
    run = hosts.run

    def cut(host: str, command: Command, *, timeout: float = 20.0) -> str:
        if command.name == "start_speed":
            raise Unreachable(f"{host} went away.")
        return run(host, command, timeout=timeout)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(hosts), "run", lambda self, *a, **k: cut(*a, **k))
        copy_speed_measure.measure_due(stage.time)

    told = AuditEntry.objects.filter(verb__in=[start, answered]).order_by("pk")
    assert [entry.verb for entry in told] == [start, answered]
    assert told[1].after["trouble"] == f"{stage.source} went away."


def test_the_newest_of_a_pair_is_what_counts(cast: Cast, stage: Stage) -> None:
    first = ask(cast, stage.source, stage.target)
    measure(stage)
    second = ask(cast, stage.source, stage.target)
    measure(stage)

    known = copy_speed_actions.pair("pretend", stage.source, stage.target)
    assert known.latest == second
    first.refresh_from_db()
    assert not first.latest


def test_a_failure_is_said_and_the_last_good_one_stays(
    cast: Cast, stage: Stage
) -> None:
    good = ask(cast, stage.source, stage.target)
    measure(stage)
    close(stage, stage.target)
    bad = ask(cast, stage.source, stage.target)
    measure(stage)

    known = copy_speed_actions.pair("pretend", stage.source, stage.target)
    assert known.latest == good
    assert known.failed == bad
    bad.refresh_from_db()
    assert bad.mbit is None
    assert "must be able to open SSH" in bad.trouble


def test_it_gives_up_a_host_that_never_answers(cast: Cast, stage: Stage) -> None:
    close(stage, stage.source)
    row = ask(cast, stage.source, stage.target)

    measure(stage, seconds=280, every=20)
    row.refresh_from_db()
    assert row.at is None

    measure(stage, seconds=60, every=20)
    row.refresh_from_db()
    assert row.at is not None
    assert "does not answer by SSH" in row.trouble


def test_it_goes_on_where_a_worker_died(cast: Cast, stage: Stage) -> None:
    row = ask(cast, stage.source, stage.target)
    # it died after the host was asked, and before it gave the row back
    copy_speed_measure.measure_due(stage.time)
    CopySpeed.objects.update(look_again_at=stage.time + copy_speed_measure.HELD)

    measure(stage, seconds=80, every=20)
    row.refresh_from_db()
    assert row.at is None

    measure(stage)
    row.refresh_from_db()
    assert row.mbit


def test_one_is_measured_at_a_time_in_a_cloud(cast: Cast, stage: Stage) -> None:
    rows = [
        ask(cast, stage.source, stage.target),
        ask(cast, stage.target, stage.source),
    ]
    most = 0
    for _ in range(30):
        copy_speed_measure.measure_due(stage.time)
        under_way = CopySpeed.objects.filter(at=None, begun_at__isnull=False)
        most = max(most, under_way.count())
        stage.later(seconds=1)

    assert most == 1
    assert all(CopySpeed.objects.get(pk=row.pk).mbit for row in rows)


def test_it_keeps_so_many_of_a_pair_and_always_the_one_that_counts(
    cast: Cast, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_speed_measure, "KEPT", 3)
    row = ask(cast, stage.source, stage.target)
    measure(stage)
    close(stage, stage.target)
    for _ in range(copy_speed_measure.KEPT + 3):
        ask(cast, stage.source, stage.target)
        measure(stage, seconds=10)

    assert CopySpeed.objects.count() == copy_speed_measure.KEPT + 1
    known = copy_speed_actions.pair("pretend", stage.source, stage.target)
    assert known.latest == row


@pytest.mark.parametrize("setting", ["", "03:30"])
def test_at_night_every_host_is_measured_if_the_setting_says_so(
    cast: Cast, stage: Stage, settings: object, setting: str
) -> None:
    settings.NOVAWEB_SPEED_AT = setting  # type: ignore[attr-defined]
    stage.time = stage.time.replace(hour=3, minute=29, second=0)
    measure(stage, seconds=30)
    assert not CopySpeed.objects.exists()

    measure(stage, seconds=120)

    pairs = set(
        CopySpeed.objects.filter(mbit__gt=0).values_list(
            "source", "target", "asked_by_name"
        )
    )
    both = {
        (stage.source, stage.target, "novaweb"),
        (stage.target, stage.source, "novaweb"),
    }
    assert pairs == (both if setting else set())

    before = CopySpeed.objects.count()
    measure(stage, seconds=120)
    assert CopySpeed.objects.count() == before


def test_the_night_is_skipped_when_no_worker_was_there(
    cast: Cast, stage: Stage, settings: object
) -> None:
    settings.NOVAWEB_SPEED_AT = "03:30"  # type: ignore[attr-defined]
    stage.time = stage.time.replace(hour=3, minute=0)
    measure(stage, seconds=2)
    stage.later(hours=7)

    measure(stage, seconds=5)

    assert not CopySpeed.objects.exists()
    due = Cloud.objects.get().speeds_due_at
    assert due is not None
    assert due > stage.time


def test_a_pair_that_a_request_names_is_measured_too(
    cast: Cast, stage: Stage, settings: object
) -> None:
    settings.NOVAWEB_SPEED_AT = "03:30"  # type: ignore[attr-defined]
    stage.cloud.add_host("compute-40", zone="OS2")
    cast.ask(stage, target="compute-40")
    stage.time = (stage.time + timedelta(days=1)).replace(hour=3, minute=29)
    measure(stage, seconds=2)
    stage.later(minutes=1)
    copy_speed_measure.measure_due(stage.time)

    pairs = set(CopySpeed.objects.values_list("source", "target"))
    assert (stage.source, "compute-40") in pairs


def test_each_host_has_a_neighbour_of_its_zone_on_either_side() -> None:
    hosts = [("a", "1"), ("a", "2"), ("a", "3"), ("b", "1"), ("c", "4"), ("c", "5")]

    pairs = nightly.neighbours(hosts)

    assert pairs == {("1", "2"), ("2", "3"), ("3", "1"), ("4", "5"), ("5", "4")}

"""The verb: who may have a speed measured, and between which hosts."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.errors import NotAllowed, TooLate, Unfit
from migrations_app.integrations import connect
from migrations_app.integrations.interfaces import World
from migrations_app.inventory.copy_speeds import actions as copy_speed_actions
from migrations_app.models import CopySpeed
from tests.cast import Cast, last_entry
from tests.stage import Stage


def ask(cast: Cast, stage: Stage, **other: Any) -> CopySpeed:
    return copy_speed_actions.ask(
        **{
            "by": cast.operator,
            "source": stage.source,
            "target": stage.target,
            **other,
        }
    )


def test_an_operator_has_a_pair_measured_and_the_trail_says_so(
    cast: Cast, stage: Stage
) -> None:
    row = ask(cast, stage)

    known = copy_speed_actions.pair("pretend", stage.source, stage.target)
    assert known.open == row
    assert known.latest is None
    entry = last_entry("speed.asked")
    assert (entry.actor_name, entry.cloud) == ("operator", "pretend")
    assert (entry.source, entry.target) == (stage.source, stage.target)


def test_nobody_else_may(cast: Cast, stage: Stage) -> None:
    for person in (cast.requester, cast.approver, cast.auditor, cast.nobody):
        with pytest.raises(NotAllowed):
            ask(cast, stage, by=person)
    assert not CopySpeed.objects.exists()


def test_a_pair_is_measured_once_at_a_time(cast: Cast, stage: Stage) -> None:
    ask(cast, stage)

    with pytest.raises(TooLate, match="being measured already"):
        ask(cast, stage)

    ask(cast, stage, source=stage.target, target=stage.source)
    assert CopySpeed.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"target": "compute-30"}, "two different hosts"),
        ({"target": "compute-99"}, "No hypervisor compute-99"),
        ({"source": "compute-99"}, "No hypervisor compute-99"),
        ({"cloud": "elsewhere"}, "no cloud"),
    ],
)
def test_it_refuses_what_cannot_be_measured(
    cast: Cast, stage: Stage, wrong: dict[str, str], words: str
) -> None:
    with pytest.raises(Unfit, match=words):
        ask(cast, stage, **wrong)


def test_it_says_how_to_give_it_a_way_into_the_hosts(
    cast: Cast, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "world_of", lambda name: World(stage.cloud))

    with pytest.raises(Unfit, match="NOVAWEB_SSH"):
        ask(cast, stage)
    assert (
        "NOVAWEB_SSH"
        in copy_speed_actions.pair("pretend", stage.source, stage.target).never
    )


def test_where_workers_enter_hosts_they_say_whether_they_can(
    stage: Stage, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "_ways", None)
    settings.NOVAWEB_HOSTS_ENTERED_BY = "worker"
    assert copy_speed_actions.why_closed("pretend") == ""

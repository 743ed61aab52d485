"""What web and workers tell each other arrives as it was sent, or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from migrations_app.integrations.interfaces import InsideFacts, MoveQuestion
from migrations_app.integrations.looks.values import from_json, to_json
from migrations_app.preflight.inside import look_inside
from migrations_app.runs.inspection_inside import RunInside, RunQuestion
from migrations_app.runs.inspection_rows import Source
from tests.stage import Stage

KINDS: list[type[Any]] = [MoveQuestion, InsideFacts, RunQuestion, RunInside]
PLAIN = {str: "ä “”\n\x00", int: -7, float: 0.1, bool: True}


def filled(kind: Any) -> Any:
    """Return a value of that kind in which nothing is empty, however deep."""
    make, inner = kind, get_args(kind)
    if NoneType in inner:
        return filled(next(each for each in inner if each is not NoneType))
    if origin := get_origin(kind):
        if issubclass(origin, Mapping):
            return {filled(inner[0]): filled(inner[1])}
        return (filled(inner[0]),) * 2
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return make(**{each.name: filled(hints[each.name]) for each in fields(kind)})
    if issubclass(kind, Enum):
        return list(kind)[-1]
    if kind is datetime:
        return datetime(2031, 2, 3, 4, 5, 6, 7, UTC)
    return PLAIN[kind]


def sent(value: object, kind: type[Any]) -> Any:
    """Return what arrives on the other side."""
    return from_json(kind, json.loads(json.dumps(to_json(value))))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_whatever_is_sent_arrives_as_it_was(kind: type[Any]) -> None:
    value = filled(kind)
    assert sent(value, kind) == value


def test_what_hosts_and_database_say_arrives_as_it_was() -> None:
    stage = Stage()
    world, question = (
        stage.world,
        MoveQuestion(stage.server, "compute-30", "compute-34"),
    )
    found = look_inside(world.hosts, world.nova_db, question)
    assert found.survey is not None
    assert found.row is not None
    assert sent(found, InsideFacts) == found


def test_what_is_not_known_stays_unknown() -> None:
    inside = InsideFacts(withheld={"nova_db": "Not allowed."})
    answers = RunInside(trouble={Source.TARGET_HOST: "No answer."})
    assert sent(inside, InsideFacts) == inside
    assert sent(answers, RunInside) == answers


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        "text",
        {},
        {"server_id": "a", "source": None, "target": None},
        {"server_id": "a", "source": None, "target": None, "recorded": 7},
        {"server_id": "a", "source": None, "target": [], "recorded": ""},
        {"server_id": "a", "source": None, "target": None, "recorded": "", "new": 1},
    ],
)
def test_it_refuses_what_another_version_has_sent(wrong: object) -> None:
    with pytest.raises(ValueError):
        from_json(MoveQuestion, wrong)

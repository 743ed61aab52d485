"""What web processes ask of workers: they may not enter hosts or Nova's database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migrations_app.integrations import connect
from migrations_app.integrations.interfaces import InsideFacts, MoveQuestion
from migrations_app.integrations.interfaces.names import check_name
from migrations_app.integrations.looks.serve import Look
from migrations_app.integrations.looks.values import from_json
from migrations_app.inventory.setup_guide import inside as setup_inside
from migrations_app.inventory.setup_guide.inside import SetupInside, SetupQuestion
from migrations_app.preflight import inside
from migrations_app.runs import inspection_inside


def _look_at_move(cloud: str, asked: Any) -> InsideFacts:
    question = from_json(MoveQuestion, asked)
    for name in (question.server_id, question.source, question.target):
        if name is not None:
            check_name(name, "host or instance")
    world = connect.world_for(cloud)
    return inside.look_inside(world.hosts, world.nova_db, question)


def _look_at_run(cloud: str, asked: Any) -> inspection_inside.RunInside:
    question = from_json(inspection_inside.RunQuestion, asked)
    return inspection_inside.look_at_run(connect.world_of(cloud), question)


def _look_at_setup(cloud: str, asked: Any) -> SetupInside:
    question = from_json(SetupQuestion, asked)
    if question.host:
        check_name(question.host, "host")
    return setup_inside.look(connect.world_for(cloud), question)


# All that a worker may be asked: each only reads, with commands that are made here.
LOOKS: Mapping[str, Look] = {
    inside.LOOK: _look_at_move,
    inspection_inside.LOOK: _look_at_run,
    setup_inside.LOOK: _look_at_setup,
}

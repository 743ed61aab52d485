"""The verb of people about an instance's console: its screen, and its last lines."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.audit import recorder as audit
from migrations_app.errors import WorldError
from migrations_app.integrations import connect as wiring
from migrations_app.models import Run
from migrations_app.models.lookup import get_or_gone

LINES = 40


@dataclass(frozen=True, slots=True)
class Console:
    """Where the screen can be seen for some minutes, and what was written last.

    ``url`` is empty when the cloud gives none; ``why`` says why then.
    """

    url: str
    why: str
    lines: str


def look_at(run_id: int, *, by: User) -> Console:
    """Return the console of the instance that the run moves; that is audited.

    Raises what the cloud raises when it cannot even say the console's lines.
    """
    require(by, Verb.CONSOLE)
    rows = Run.objects.select_related("request__cloud")
    run = get_or_gone(rows, run_id, "run")
    with transaction.atomic():
        audit.record("console.opened", by=by, about=run)
    cloud = wiring.world_of(run.request.cloud.name).cloud
    lines = cloud.console_lines(run.request.instance, LINES)
    try:
        return Console(cloud.console_url(run.request.instance), "", lines)
    except WorldError as error:
        return Console("", error.sentence, lines)

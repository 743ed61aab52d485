"""Action on an instance's console: its address and last lines."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import recorder
from migrations_app.errors import WorldError
from migrations_app.integrations import connect
from migrations_app.models import Run
from migrations_app.models.lookup import get_or_gone

LINES = 40


@dataclass(frozen=True, slots=True)
class Console:
    """Temporary address of the console, and its last lines.

    ``url`` is empty if the cloud offers none; ``why`` has the reason.
    """

    url: str
    why: str
    lines: str


def look_at(run_id: int, *, by: User) -> Console:
    """Return the console of the run's instance; this is audited.

    Raises the errors of the cloud if the lines cannot be read either.
    """
    require(by, Verb.CONSOLE)
    rows = Run.objects.select_related("request__cloud")
    run = get_or_gone(rows, run_id, "run")
    with transaction.atomic():
        require_now(by, Verb.CONSOLE)
        recorder.record("console.opened", by=by, about=run)
    cloud = connect.world_of(run.request.cloud.name).cloud
    lines = cloud.console_lines(run.request.instance, LINES)
    try:
        return Console(cloud.console_url(run.request.instance), "", lines)
    except WorldError as error:
        return Console("", error.sentence, lines)

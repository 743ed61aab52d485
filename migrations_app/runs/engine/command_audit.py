"""Every command on a host and every statement in Nova's database, with its outcome.

What changes something is in the audit trail before it is asked and after it was
answered, so that a death between the two shows as well. What only reads is there the
first time in a step, and again when its answer is another than before: figures that
merely go up do not count as another, or a copy that is watched would fill the trail.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from migrations_app.audit import recorder
from migrations_app.audit.command_entries import (
    answer_of,
    before_and_after,
    sha256,
    text_of,
    trouble_of,
)
from migrations_app.errors import WorldError
from migrations_app.integrations.interfaces import (
    Command,
    Hosts,
    InstanceRow,
    NovaDb,
    Place,
    RowMove,
)
from migrations_app.integrations.interfaces import World as WorldPort
from migrations_app.models import AuditEntry, Run

_FIGURE = re.compile(r"\d+(?:\.\d+)?")
# What this process has seen last, so that it need not ask the trail at every look.
_seen: OrderedDict[tuple[Any, ...], str] = OrderedDict()
_MAX_SEEN = 5000


def recorded(world: WorldPort, *, run: Run, step: str) -> WorldPort:
    """Return the same adapters; calls to hosts and database are recorded."""
    recorder = _StepRecorder(run, step)
    hosts, nova_db = world.hosts, world.nova_db
    return replace(
        world,
        hosts=RecordedHosts(hosts, recorder) if hosts is not None else None,
        nova_db=RecordedNovaDb(nova_db, recorder) if nova_db is not None else None,
    )


@dataclass(frozen=True, slots=True)
class _StepRecorder:
    """Where a step of a run is written down."""

    run: Run
    step: str

    def record_change(self, facts: dict[str, Any], ask: Callable[[], Any]) -> Any:
        """Ask, with an entry before and one after."""
        facts = {"step": self.step, **facts}
        verbs = ("run.command", "run.answered")
        return before_and_after(ask, facts, verbs=verbs, write=self._write)

    def _write(self, verb: str, after: dict[str, Any]) -> AuditEntry:
        return recorder.record(verb, about=self.run, after=after)

    def record_read(self, facts: dict[str, Any], ask: Callable[[], Any]) -> Any:
        """Ask, with an entry if this was not asked in this step with that answer."""
        try:
            answer = ask()
        except WorldError as error:
            self._record_if_new(facts, trouble_of(error))
            raise
        self._record_if_new(facts, answer_of(answer))
        return answer

    def _record_if_new(self, facts: dict[str, Any], outcome: dict[str, Any]) -> None:
        said = f"{outcome.get('answer')}{outcome.get('trouble')}"
        shape = sha256(_FIGURE.sub("0", said))
        key = (self.run.pk, self.step, facts.get("host"), facts["sha256"])
        if (_seen.get(key) or self._last_shape(facts)) != shape:
            after = {"step": self.step, **facts, **outcome, "shape": shape}
            recorder.record("run.looked", about=self.run, after=after)
        _seen[key] = shape
        while len(_seen) > _MAX_SEEN:
            _seen.popitem(last=False)

    def _last_shape(self, facts: dict[str, Any]) -> str:
        """Return the shape of the last answer that the trail has of this question."""
        found = AuditEntry.objects.filter(
            request_number=self.run.request_id, verb="run.looked"
        )
        for after in found.order_by("-pk").values_list("after", flat=True)[:200]:
            same = all(after.get(k) == facts.get(k) for k in ("host", "name", "sha256"))
            if same and after.get("step") == self.step:
                return str(after.get("shape"))
        return ""


class RecordedHosts:
    """``interfaces.Hosts``, written down."""

    def __init__(self, hosts: Hosts, recorder: _StepRecorder) -> None:
        self._hosts = hosts
        self._recorder = recorder

    def run(self, host: str, command: Command, *, timeout: float = 20.0) -> str:
        """Run the command as the port says."""
        facts = {"host": host, "name": command.name, **text_of(command.text)}
        write = (
            self._recorder.record_read
            if command.reads
            else self._recorder.record_change
        )
        answer: str = write(
            facts, lambda: self._hosts.run(host, command, timeout=timeout)
        )
        return answer


class RecordedNovaDb:
    """``interfaces.NovaDb``, written down."""

    def __init__(self, nova_db: NovaDb, recorder: _StepRecorder) -> None:
        self._nova_db = nova_db
        self._recorder = recorder

    def row(self, server_id: str) -> InstanceRow:
        """Read the instance's row."""
        text = f"the row of instance {server_id} in Nova's database"
        facts = {"name": "read_row", **text_of(text)}
        found: InstanceRow = self._recorder.record_read(
            facts, lambda: self._nova_db.row(server_id)
        )
        return found

    def place_of(self, host: str) -> Place:
        """Read where the host is."""
        text = f"the compute node of {host} in Nova's database"
        facts = {"name": "read_place", **text_of(text)}
        found: Place = self._recorder.record_read(
            facts, lambda: self._nova_db.place_of(host)
        )
        return found

    def move(self, change: RowMove) -> bool:
        """Change the row; the entry has every statement as it is shown in the plan."""
        text = "\n".join(statement.shown for statement in change.statements)
        facts = {"name": "move_row", **text_of(text)}
        done: bool = self._recorder.record_change(
            facts, lambda: self._nova_db.move(change)
        )
        return done

"""Each procedure, in each situation of disks: a cell of docs/disks.md for each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from migrations_app.errors import Unfit
from migrations_app.models import MigrationRequest
from migrations_app.preflight.finding import Severity
from migrations_app.runs import actions as run_actions
from proof.disks import cells, table
from proof.disks.cells import Cell
from proof.disks.situations import SITUATIONS
from tests.processes.disks.whole import Whole
from tests.processes.field import Field
from tests.processes.hypervisors import until
from tests.processes.site import approved, over, person, run_of

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("procedure", list(cells.PROCEDURES))
@pytest.mark.parametrize("name", list(SITUATIONS))
def test_a_move_keeps_all_disks_or_is_refused(
    hypervisors: Whole,
    field: Callable[[str], Field],
    lab: dict[str, Any],
    name: str,
    procedure: str,
) -> None:
    situation = SITUATIONS[name]
    server = hypervisors.guest(situation)
    it = field(server)
    source = it.host
    ends = (hypervisors.host(situation.source), hypervisors.host(situation.target))
    target = ends[0] if source == ends[1] else ends[1]
    hypervisors.prepare(situation, server, target=target)
    it.site.work()
    empty = Cell(
        release=str(lab["release"]),
        situation=name,
        procedure=procedure,
        on=date.today().isoformat(),
        verdict=cells.FAILED,
    )
    began = time.monotonic()
    found = Trial(hypervisors, it, server, source, target).of(empty)
    found = replace(found, seconds=round(time.monotonic() - began))
    cells.remember(found)
    table.write(cells.recall())
    assert found.right, found


@dataclass(frozen=True)
class Trial:
    """One move of a guest by novaweb, and what it did to the disks."""

    on: Whole
    it: Field
    server: str
    source: str
    target: str

    def of(self, cell: Cell) -> Cell:
        """Return the cell with what was seen."""
        self.on.write(self.source, self.server)
        before = self.on.contents(self.source, self.server)
        assert set(before) == set(cells.DISKS), before
        world = self._asked()
        try:
            request = approved("lab", self.server, cell.procedure, self.target)
        except Unfit as refusal:
            assert self._asked() == world
            blocking = [it for it in refusal.findings if it.severity is Severity.BLOCKS]
            rules = tuple(sorted({finding.rule for finding in blocking}))
            return replace(cell, verdict=cells.REFUSED, rules=rules)
        request = over(request)
        told = {it["rule"] for it in request.findings if it["severity"] != "ok"}
        if request.state == "completed":
            after = self._after()
            self._clear(request)
            disks = cells.compare(before, after, told)
            return replace(cell, verdict=cells.MOVED, disks=disks)
        waits = self.it.place.cloud.server(self.server).status == "VERIFY_RESIZE"
        if request.state == "held" and waits and self._both():
            run = run_of(request)
            run_actions.go_back(run.pk, by=person("operator"), note="Lost.")
            assert over(request).state == "rolled_back"
            self._runs()
            assert self.on.contents(self.source, self.server) == before
            return replace(cell, verdict=cells.HELD, why=request.why)
        return replace(cell, why=f"{request.state}: {request.why}")

    def _asked(self) -> object:
        """Return what would tell that something was asked of Nova or the hosts."""
        cloud = self.it.place.cloud
        actions = [action.name for action in cloud.actions(self.server)]
        enabled = {service.host: service.enabled for service in cloud.services()}
        return actions, enabled, self.on.folders(self.server)

    def _after(self) -> dict[str, str]:
        assert self.it.host == self.target
        self._runs()
        return self.on.contents(self.target, self.server)

    def _runs(self) -> None:
        """The guest counts, wherever it is."""
        cloud = self.it.place.cloud
        until(lambda: cloud.server(self.server).status == "ACTIVE", "it to run")
        last = self.on.ticks(self.server)[-1:]
        until(lambda: self.on.ticks(self.server)[-1:] > last, "the guest to count")

    def _both(self) -> bool:
        """Tell whether the disks are on both hosts."""
        there = self.on.folders(self.server)
        aside = f"{self.server}_resize/disk"
        kept = aside in there.get(self.source, []) or (
            f"{self.server}/disk" in there.get(self.source, [])
        )
        return kept and f"{self.server}/disk" in there.get(self.target, [])

    def _clear(self, request: MigrationRequest) -> None:
        """What a manual move sets aside for a person is gone."""
        aside = f"{self.on.instances}/{self.server}.novaweb-{request.token}"
        self.on.run(self.source, f"rm -rf {aside}")

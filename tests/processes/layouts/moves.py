"""Moves of real guests on a layout, and what must be true after each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from migrations_app.models import MigrationRequest
from migrations_app.preflight.finding import Severity
from migrations_app.requests import actions as request_actions
from tests.processes.field import Field, expect_completed
from tests.processes.layouts.guests import Guests
from tests.processes.site import approved, person
from tests.processes.test_on_the_lab import expect_there


def live(on: Guests, server: str, target: str) -> MigrationRequest:
    """Move a guest live, which counts on; return what was asked for."""
    before = on.ticks(server)[-1]
    request = approved("lab", server, "live", target)
    expect_completed(request)
    expect_only_there(on, server, target)
    after = on.later(server, before)
    assert after.boot == before.boot
    assert after.uptime > before.uptime
    return request


def cold(
    on: Guests, server: str, target: str, procedure: str = "cold"
) -> MigrationRequest:
    """Move a guest cold, which finds its count on its disk; return the request."""
    before = on.ticks(server)[-1]
    request = approved("lab", server, procedure, target)
    expect_completed(request)
    expect_only_there(on, server, target)
    assert on.later(server, before).boot == before.boot + 1
    assert on.said_of_its_disk(server) >= (before.boot, before.tick)
    return request


def manual(it: Field, target: str) -> MigrationRequest:
    """Move a guest by `manual`, which finds its count on its disk."""
    on, server, source = it.on, it.server, it.host
    before = on.ticks(server)[-1]
    request = it.move(target)
    expect_completed(request)
    assert on.later(server, before).boot == before.boot + 1
    it.expect_there(target, request, "ACTIVE", aside=source)
    assert on.said_of_its_disk(server) >= (before.boot, before.tick)
    on.run(source, f"rm -rf {on.instances}/{server}.novaweb-{request.token}")
    return request


def unfit_for_manual(server: str, target: str) -> set[str]:
    """Return the rules that forbid a manual move; nothing about it is unknown."""
    advice = request_actions.preflight(
        by=person("requester"),
        instance=server,
        procedure="manual",
        target=target,
        cloud="lab",
    )
    (option,) = advice.options
    found = {
        it: {f.rule for f in option.findings if f.severity is it} for it in Severity
    }
    assert not found[Severity.UNKNOWN]
    return found[Severity.BLOCKS]


def expect_only_there(on: Guests, server: str, host: str) -> None:
    """Nova, placement, neutron and libvirt say it runs there, and nowhere else."""
    expect_there(on.place, server, host)
    assert on.domains(server) == {host: "running"}


@dataclass
class Kept:
    """A guest whose disks must hold after each move what they held at first."""

    on: Guests
    server: str
    contents: dict[str, str]

    @property
    def elsewhere(self) -> str:
        """The other one of the first two hosts."""
        host = self.on.place.cloud.server(self.server).host
        return next(name for name in self.on.names if name != host)

    def move_live(self, it: Field) -> None:
        self._moved(it, lambda target: live(self.on, self.server, target))

    def move_cold(self, it: Field) -> None:
        self._moved(it, lambda target: cold(self.on, self.server, target))

    def move_to_forced_target(self, it: Field) -> None:
        how = "cold_by_disabling"
        self._moved(it, lambda target: cold(self.on, self.server, target, how))
        assert self.on.place.cloud.hidden_hosts() == frozenset()

    def move_manually(self, it: Field) -> None:
        self._moved(it, lambda target: manual(it, target))

    def _moved(self, it: Field, move: Callable[[str], object]) -> None:
        it.site.work()
        target = self.elsewhere
        move(target)
        assert self.on.contents(target, self.server) == self.contents

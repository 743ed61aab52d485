"""A stage with more hosts, for the procedure that disables them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from migrations_app.models import Run
from migrations_app.models.states import RunState
from tests.stage import Stage

Services = dict[str, tuple[bool, str | None, bool]]


class Crowd(Stage):
    """Six more hosts: three that are enabled, and three that nobody may touch.

    One of the enabled is down: it could come up at any moment.
    """

    others = ("compute-31", "compute-32", "compute-33")

    def __init__(self, **settings: float) -> None:
        super().__init__(**settings)
        for host in (*self.others, "compute-35", "compute-36", "compute-37"):
            self.cloud.add_host(host, zone="OS2")
        self.cloud.edit_host("compute-33", up=False)
        self.disable("compute-35", "Migrations only")
        self.disable("compute-36", "AUTO: Connection to libvirt lost: 1")
        self.cloud.edit_host("compute-37", forced_down=True)
        self.before = self.services()

    def disable(self, host: str, reason: str) -> None:
        """Have somebody disable a host in Nova."""
        service = self.cloud.service(host)
        self.cloud.set_service(service.id, enabled=False, reason=reason)

    def enable(self, host: str) -> None:
        """Have somebody enable a host in Nova."""
        self.cloud.set_service(self.cloud.service(host).id, enabled=True)

    def services(self) -> Services:
        """Return of every host whether it is enabled, why not, and whether fenced."""
        return {
            it.host: (it.enabled, it.disabled_reason, it.forced_down)
            for it in self.cloud.services()
        }

    def disabled(self) -> set[str]:
        """Return the hosts that are not as they were in the beginning."""
        now = self.services()
        return {host for host, it in now.items() if it != self.before[host]}

    def begin(self, **options: Any) -> Run:
        """Start the move."""
        return self.start("cold_by_disabling", **options)

    def until(self, run: Run, what: Callable[[], object], *, steps: int = 100) -> None:
        """Walk until it is so."""
        for _ in range(steps):
            if what():
                return
            self.later(seconds=1)
            self.walk(run)
        raise AssertionError("this did not come about")

    def asked_for(self, run: Run, key: str) -> bool:
        """Tell whether that step was asked."""
        return run.steps.filter(key=key, asked_at__isnull=False).exists()


def expect_moved(stage: Crowd, run: Run) -> None:
    assert (run.state, run.why) == (RunState.COMPLETED, "")
    assert stage.host == stage.target
    assert stage.asked("migrate", "confirmResize") == ["migrate", "confirmResize"]
    assert stage.services() == stage.before


def expect_as_before(stage: Crowd, run: Run) -> None:
    assert run.state == RunState.ROLLED_BACK, run.why
    assert stage.host == stage.source
    assert stage.services() == stage.before
    assert stage.cloud.server(stage.server).status == "ACTIVE"
    assert set(stage.cloud.allocations(stage.server)) == {stage.source}

"""A stage for moves by hand, and what must be so at their end."""

from __future__ import annotations

from migrations_app.models import Run
from migrations_app.models.states import RunState
from migrations_app.runs.engine.run_context import Outcome
from tests.stage import Stage

# What each act asks for, in the order of the plan.
ASKS = {
    "lock": "lock",
    "charge_target": "charge",
    "copy_base": "ssh.start_job.base",
    "track_writes": "ssh.bitmaps_track",
    "copy_warm": "ssh.start_job.warm",
    "stop": "stop",
    "detach_volumes": "detach_volume",
    "copy_rest": "ssh.start_job.last",
    "put_in_place": "ssh.place",
    "tell_nova": "db.move",
    "bind_ports": "bind_port",
    "start_on_target": "start",
    "attach_volumes": "attach_volume",
    "prove_copy": "ssh.start_job.proof",
    "forget_on_source": "ssh.retire",
    "unlock": "unlock",
}
# What is asked for on the way back from each, where something is.
UNDOES = {
    "lock": "unlock",
    "charge_target": "charge",
    "copy_base": "ssh.discard",
    "track_writes": "ssh.bitmaps_untrack",
    "copy_warm": "ssh.discard",
    "stop": "start",
    "detach_volumes": "attach_volume",
    "copy_rest": "ssh.discard",
    "put_in_place": "ssh.unplace",
    "tell_nova": "db.move",
    "bind_ports": "bind_port",
}
ONCE = ("lock", "stop", "detach_volume", "start", "attach_volume", "unlock")
VOLUMES = ("data", "log")
SLICES = 8


class HandStage(Stage):
    """A stage whose instance has two volumes, and on which no two domains may run."""

    def __init__(self, **settings: float) -> None:
        super().__init__(**{"copy_seconds": 2.0, **settings})
        self.server = self.cloud.create("by-hand", host=self.source, volumes=VOLUMES)
        self.volumes = self.cloud.attachments(self.server)

    def walk(self, run: Run) -> Outcome | None:
        try:
            return super().walk(run)
        finally:
            domains = self.cloud.domains(self.server)
            alive = [host for host, state in domains.items() if state != "shut off"]
            assert len(alive) <= 1, f"two domains run: {domains}"

    def begin(self) -> Run:
        return self.start("manual")

    def until(self, run: Run, key: str, **fields: object) -> None:
        """Walk until the step is as ``fields`` say, e.g. ``asked_at__isnull=False``."""
        for _ in range(300):
            if run.steps.filter(key=key, **fields).exists():
                return
            self.later(seconds=0.6)
            self.walk(run)
        raise AssertionError(f"{key} never was {fields}")

    def stop(self, run: Run) -> None:
        """Have a person ask to stop."""
        Run.objects.filter(pk=run.pk).update(
            stop_asked_at=self.time, stop_asked_by="operator", look_again_at=self.time
        )

    @property
    def token(self) -> str:
        return str(Run.objects.get(request__instance=self.server).request.token)


def expect_moved(stage: HandStage, run: Run) -> None:
    server = stage.cloud.server(stage.server)
    assert (run.state, run.why) == (RunState.COMPLETED, "")
    assert (server.host, server.status, server.locked) == (
        stage.target,
        "ACTIVE",
        False,
    )
    assert set(stage.cloud.allocations(stage.server)) == {stage.target}
    assert {p.host for p in stage.cloud.ports(stage.server)} == {stage.target}
    assert stage.cloud.attachments(stage.server) == stage.volumes
    assert stage.cloud.domains(stage.server) == {stage.target: "running"}
    assert stage.cloud.bitmaps(stage.server) == []
    aside = f"{stage.server}.novaweb-{stage.token}"
    names = {(host, name) for host, name, _ in stage.cloud.folders(stage.server)}
    assert names == {(stage.target, stage.server), (stage.source, aside)}
    # what runs on the target stands on what the source had last, and then wrote
    content = {host: number for host, _, number in stage.cloud.folders(stage.server)}
    assert content[stage.target] == content[stage.source] + 1
    asked = stage.asked(*ONCE)
    assert len(asked) == len(ONCE) + 2, asked  # two volumes each way, all else once


def expect_as_before(stage: HandStage, run: Run, *, runs: bool = True) -> None:
    server = stage.cloud.server(stage.server)
    assert run.state == RunState.ROLLED_BACK, run.why
    assert (server.host, server.locked) == (stage.source, False)
    assert server.status == ("ACTIVE" if runs else "SHUTOFF")
    assert set(stage.cloud.allocations(stage.server)) == {stage.source}
    assert {p.host for p in stage.cloud.ports(stage.server)} == {stage.source}
    assert stage.cloud.attachments(stage.server) == stage.volumes
    state = "running" if runs else "shut off"
    assert stage.cloud.domains(stage.server) == {stage.source: state}
    assert stage.cloud.bitmaps(stage.server) == []
    names = {(host, name) for host, name, _ in stage.cloud.folders(stage.server)}
    assert names == {(stage.source, stage.server)}

"""Live migration: the guest goes on running while it moves.

The operator gets: the instance on the chosen host, or on one that the scheduler
chose. Its user notices: usually a pause of well under a second. Memory is copied
while the guest runs, and so are local disks where the hosts do not share storage.
The point of no return is the hand-over itself; until then the move can be aborted
and Nova puts everything back.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import (
    compute_log,
    domjobinfo,
    libvirt_domains,
)
from migrations_app.integrations.interfaces import (
    Cloud,
    InsideFacts,
    Move,
    Server,
    Survey,
)
from migrations_app.procedures.base import (
    ForceCompletable,
    Procedure,
    Step,
    StepContext,
    StepStatus,
)
from migrations_app.procedures.expected_state import Expected, after_move
from migrations_app.procedures.steps import (
    downtime,
    hung_move,
    live_progress,
    live_storage,
    request_trace,
)
from migrations_app.procedures.steps.verify import (
    AllocationIsMoved,
    PortsAreBound,
    TargetTakesInstances,
    arrived,
)

# What Nova calls the request, and the record of the move that comes of it.
ACTION = KIND = "live-migration"


class RunsOnSource(Step):
    """Verify that {name} runs, idle, on {source}."""

    title = "Check instance on source"

    def looks_at(self, move: Move) -> tuple[str, ...]:
        return ("server",)

    def check(self, ctx: StepContext) -> StepStatus:
        server = ctx.cloud.server(ctx.move.server_id)
        match server.status, server.host:
            case (("ACTIVE" | "PAUSED"), ctx.move.source) if server.idle:
                return StepStatus.DONE
            case (("ACTIVE" | "PAUSED" | "REBOOT" | "PASSWORD"), ctx.move.source):
                return StepStatus.WAITING
        raise Blocked(
            f"The instance is {server.status} on {server.host}; a live migration"
            f" needs it running on {ctx.move.source}. Request the move again with the"
            " current state."
        )


class MigrateLive(ForceCompletable):
    """Nova migrates {name} live from {source} to {target}."""

    title = "Migrate live"
    final = True
    interruptible = True

    def sentence(self, move: Move) -> str:
        """Say which of the three live migrations it will be, and when it is ended."""
        words = (
            super().sentence(move),
            live_storage.sentence(move),
            live_storage.deadline_sentence(move),
        )
        return " ".join(filter(None, words))

    def commands(self, move: Move) -> list[str]:
        if not move.facts.get("enters"):
            return []
        both = f"# on {move.source} and the target, if it"
        log = compute_log.compute_log("REQUEST-ID", server_id=move.server_id)
        domain = libvirt_domains.state_command(move.server_id)
        return [f"{both} fails:\n{log.text}", f"{both} hangs:\n{domain.text}"]

    def timeout(self, move: Move) -> timedelta:
        return timedelta(minutes=live_storage.deadline(move))

    def expects(self, move: Move, before: Expected) -> Expected:
        return after_move(move, before, "completed")

    def looks_at(self, move: Move) -> tuple[str, ...]:
        return ("server", "actions", "migrations")

    def check(self, ctx: StepContext) -> StepStatus:
        server = ctx.cloud.server(ctx.move.server_id)
        if not server.idle and self._show_progress(ctx):
            return StepStatus.WAITING
        if self._left_behind(ctx, server) or not server.idle:
            return StepStatus.WAITING
        match server.status:
            case "ACTIVE" | "PAUSED" if arrived(ctx, server):
                return StepStatus.DONE
            case "ACTIVE" | "PAUSED" if server.host == ctx.move.source:
                return StepStatus.READY
            case "ACTIVE" | "PAUSED":
                raise Blocked(
                    f"The instance is on {server.host}, which is neither its source"
                    " nor its target: somebody else moved it."
                )
        raise Blocked(self._unexpected_state(ctx, server))

    def request_marker(self, ctx: StepContext) -> str:
        return request_trace.request_marker(ctx)

    def do(self, ctx: StepContext) -> None:
        ctx.cloud.live_migrate(
            ctx.move.server_id,
            host=ctx.move.target,
            block=ctx.move.options.get("block_migration", "auto"),
        )

    def request_seen(self, ctx: StepContext) -> bool:
        return request_trace.request_seen(ctx, ACTION)

    def undo(self, ctx: StepContext) -> None:
        record, ours = request_trace.running_migration(ctx, ACTION, KIND)
        if record is not None and ours:
            ctx.cloud.abort(ctx.move.server_id, record.id)
        elif record is not None:
            ctx.log(
                f"Nova's migration {record.id} is somebody else's: it is left alone."
            )

    def undone(self, ctx: StepContext) -> bool:
        server = ctx.cloud.server(ctx.move.server_id)
        if server.status == "ERROR":
            raise Blocked(self._unexpected_state(ctx, server))
        if self._left_behind(ctx, server):
            return False
        return server.idle and server.host == ctx.move.source

    def undo_request_seen(self, ctx: StepContext) -> bool:
        """Tell whether Nova was asked to abort, or has nothing to abort."""
        if request_trace.actions_since(ctx, "live_migration_cancel"):
            return True
        record, ours = request_trace.running_migration(ctx, ACTION, KIND)
        return record is None or not ours

    def undo_timeout(self, move: Move) -> timedelta:
        return timedelta(minutes=20)

    def force_complete(self, ctx: StepContext) -> None:
        record, ours = request_trace.running_migration(ctx, ACTION, KIND)
        if record is None:
            raise Blocked("Nova shows no running migration to force.")
        if not ours:
            raise Blocked(
                f"Nova's migration {record.id} is somebody else's: it is left alone."
            )
        ctx.cloud.force_complete(ctx.move.server_id, record.id)

    def _left_behind(self, ctx: StepContext, server: Server) -> bool:
        record = request_trace.record_of_step(ctx)
        return hung_move.left_behind(ctx, server, record)

    def _unexpected_state(self, ctx: StepContext, server: Server) -> str:
        fault = ""
        if server.fault and not request_trace.is_older_than_request(
            ctx, ACTION, server.fault_at
        ):
            fault = f" Nova says: {server.fault}"
        record = request_trace.record_of_step(ctx)
        target = (record and record.target) or ctx.move.target
        where, _ = hung_move.where_it_runs(ctx, ctx.move.source, target)
        return (
            f"The instance is {server.status} on {server.host}.{fault}"
            f"{request_trace.failure_reason(ctx, ACTION)} {where} Before anything else"
            " make sure of that on both hosts: a hard reboot could start it twice."
        )

    def _show_progress(self, ctx: StepContext) -> bool:
        """Show how far Nova is; tell whether it has a record that is not over."""
        # what is shown of a record is shown since it was found to be ours
        shown = ctx.progress.get("migration")
        record, ours = request_trace.running_migration(ctx, ACTION, KIND, ours=shown)
        if record is None:
            return False
        if ours:
            live_progress.report(ctx, record)
        elif ctx.progress.get("strange") != record.id:
            ctx.log(
                f"Nova's migration {record.id} of this instance is somebody else's: its"
                " end is waited for."
            )
            ctx.set_progress({"strange": record.id})
        return True


class RunsOnTarget(Step):
    """Verify that {name} runs on {target} and Nova's migration is completed."""

    title = "Check instance on target"

    def commands(self, move: Move) -> list[str]:
        if not move.facts.get("enters"):
            return []
        ask = domjobinfo.domjobinfo(move.server_id)
        return [f"# on the target, the pause of the guest:\n{ask.text}"]

    def looks_at(self, move: Move) -> tuple[str, ...]:
        return ("server", "migrations")

    def check(self, ctx: StepContext) -> StepStatus:
        server = ctx.cloud.server(ctx.move.server_id)
        if server.status not in {"ACTIVE", "PAUSED"} or not arrived(ctx, server):
            raise Blocked(
                f"The instance is {server.status} on {server.host}, not running on"
                f" {ctx.move.target or 'another host'}: look at both hosts."
            )
        records = ctx.cloud.migrations(ctx.move.server_id)
        if records and not records[0].over:
            return StepStatus.WAITING
        if records and records[0].status != "completed":
            raise Blocked(
                f"The instance runs on {server.host}, but Nova's migration record says"
                f" “{records[0].status}”: the clean-up on {ctx.move.source} may have"
                " failed. Look at its nova-compute log."
            )
        ctx.log(f"It runs on {server.host}.")
        host = server.host or ""
        ctx.set_progress({"host": host, **downtime.measure_live(ctx, host)})
        return StepStatus.DONE


class Live(Procedure):
    """Move a running instance without stopping it."""

    name = "live"
    title = "Live"
    keeps_running = True

    @classmethod
    def cloud_facts(
        cls, cloud: Cloud, move: Move, *, server: Server, inside: InsideFacts
    ) -> dict[str, Any]:
        """Return what tells which of the three live migrations it will be."""
        facts = live_storage.server_facts(server)
        return facts | {"enters": inside.entered}

    @classmethod
    def survey_facts(cls, survey: Survey) -> dict[str, Any]:
        """Return whether the hosts share storage, and what forcing it would do."""
        return live_storage.survey_facts(survey)

    steps = (
        RunsOnSource(),
        TargetTakesInstances(),
        MigrateLive(),
        RunsOnTarget(),
        PortsAreBound(),
        AllocationIsMoved(),
    )

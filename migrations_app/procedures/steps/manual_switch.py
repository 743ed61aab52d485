"""The steps of ``manual`` that make Nova, Neutron and the source believe it."""

from __future__ import annotations

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import instance_folder, paths
from migrations_app.integrations.host_commands.instance_files import NONE
from migrations_app.integrations.interfaces import Move
from migrations_app.procedures.base import StepContext, StepStatus
from migrations_app.procedures.expected_state import Aspect, Expected, target_text
from migrations_app.procedures.steps import manual_common, nova_database_sql
from migrations_app.procedures.steps.manual_common import IdempotentAct


class TellNova(IdempotentAct):
    """In Nova's database, the row of {name} says {target}: one guarded change of one
    row, in one transaction."""

    title = "Update Nova database"

    def commands(self, move: Move) -> list[str]:
        if not paths.known(move):
            return []
        return [
            each.shown
            for each in nova_database_sql.change_to_target(move, None).statements
        ]

    def expects(self, move: Move, before: Expected) -> Expected:
        there = (target_text(move),)
        return {**before, Aspect.HOST: there, Aspect.DATABASE: there}

    def check(self, ctx: StepContext) -> StepStatus:
        now = ctx.nova_db.row(ctx.move.server_id)
        if now.place.host == ctx.move.target:
            return StepStatus.DONE
        if now.place.host != ctx.move.source:
            raise Blocked(
                f"Nova's database says {now.place.host}: somebody else moved it."
            )
        manual_common.require_shut_off(ctx, ctx.move.source)
        return StepStatus.READY

    def do(self, ctx: StepContext) -> None:
        now = ctx.nova_db.row(ctx.move.server_id)
        here, there = (
            manual_common.look_at_source(ctx),
            manual_common.look_at_target(ctx),
        )
        if here.changed or here.runs:
            raise Blocked(
                f"Its disks on {here.host} were written to after they were copied"
                f" (its domain is {here.domain}): the copy on {there.host} is"
                " outdated."
            )
        if not there.folder:
            raise Blocked(f"{there.host} has no folder of the instance (any more).")
        ctx.nova_db.move(nova_database_sql.change_to_target(ctx.move, now.updated_at))

    def check_undo(self, ctx: StepContext) -> StepStatus:
        now = ctx.nova_db.row(ctx.move.server_id)
        return (
            StepStatus.DONE if now.place.host == ctx.move.target else StepStatus.READY
        )

    def undo(self, ctx: StepContext) -> None:
        now = ctx.nova_db.row(ctx.move.server_id)
        ctx.nova_db.move(nova_database_sql.change_to_source(ctx.move, now.updated_at))


class BindPorts(IdempotentAct):
    """Neutron binds the ports of {name} to {target}."""

    title = "Bind ports to target"

    def expects(self, move: Move, before: Expected) -> Expected:
        return {**before, Aspect.PORTS: (target_text(move), NONE)}

    def check(self, ctx: StepContext) -> StepStatus:
        hosts = {port.host for port in ctx.cloud.ports(ctx.move.server_id)}
        return StepStatus.DONE if hosts <= {ctx.move.target} else StepStatus.READY

    def do(self, ctx: StepContext) -> None:
        self._bind(ctx, str(ctx.move.target), ctx.move.facts["after"]["zone"])

    def check_undo(self, ctx: StepContext) -> StepStatus:
        hosts = {port.host for port in ctx.cloud.ports(ctx.move.server_id)}
        return StepStatus.READY if hosts <= {ctx.move.source} else StepStatus.DONE

    def undo(self, ctx: StepContext) -> None:
        self._bind(ctx, ctx.move.source, ctx.move.facts["before"]["zone"])

    def _bind(self, ctx: StepContext, host: str, zone: str | None) -> None:
        for port in ctx.cloud.ports(ctx.move.server_id):
            if port.host != host:
                ctx.cloud.bind_port(port.id, host, zone=zone)


class ForgetOnSource(IdempotentAct):
    """{source} forgets {name}: its domain is undefined there, and its folder is set
    aside for some days."""

    title = "Undefine domain on source"
    final = True
    reversible = False

    def commands(self, move: Move) -> list[str]:
        if not paths.known(move):
            return []
        return [f"# on {move.source}\n{instance_folder.retire(move).text}"]

    def expects(self, move: Move, before: Expected) -> Expected:
        return {
            **before,
            Aspect.SOURCE_DOMAIN: (NONE,),
            Aspect.SOURCE_FOLDER: (NONE,),
        }

    def check(self, ctx: StepContext) -> StepStatus:
        here = manual_common.look_at_source(ctx)
        if here.runs:
            raise Blocked(
                f"The domain of the instance is {here.domain} on {here.host}: shut it"
                " down there manually, unless it is the right one."
            )
        gone = here.domain == NONE and not here.folder
        return StepStatus.DONE if gone else StepStatus.READY

    def do(self, ctx: StepContext) -> None:
        there = manual_common.look_at_target(ctx)
        if not there.folder or (ctx.move.facts["running"] and not there.runs):
            raise Blocked(
                f"The instance does not run correctly on {there.host} (domain:"
                f" {there.domain}); what {ctx.move.source} has of it is kept until it"
                " is."
            )
        ctx.hosts.run(ctx.move.source, instance_folder.retire(ctx.move))

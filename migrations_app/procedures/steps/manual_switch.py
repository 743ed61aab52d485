"""The steps of ``manual`` that make Nova, Neutron and the source believe it."""

from __future__ import annotations

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import instance_folder as folder
from migrations_app.integrations.host_commands import paths as places
from migrations_app.integrations.host_commands.instance_files import NONE
from migrations_app.integrations.interfaces import Move
from migrations_app.procedures.base import Is, It
from migrations_app.procedures.expected_state import Expected, Thing, target_of
from migrations_app.procedures.steps import manual_common as by_hand
from migrations_app.procedures.steps import nova_database_sql as row
from migrations_app.procedures.steps.manual_common import Repeatable


class TellNova(Repeatable):
    """In Nova's database, the row of {name} says {target}: one guarded change of one
    row, in one transaction."""

    def commands(self, move: Move) -> list[str]:
        if not places.known(move):
            return []
        return [each.shown for each in row.forth(move, None).statements]

    def expects(self, move: Move, before: Expected) -> Expected:
        there = (target_of(move),)
        return {**before, Thing.HOST: there, Thing.DATABASE: there}

    def check(self, it: It) -> Is:
        now = it.nova_db.row(it.move.server_id)
        if now.place.host == it.move.target:
            return Is.DONE
        if now.place.host != it.move.source:
            raise Blocked(
                f"Nova's database says {now.place.host}: somebody else moved it."
            )
        by_hand.must_be_off(it, it.move.source)
        return Is.READY

    def do(self, it: It) -> None:
        now = it.nova_db.row(it.move.server_id)
        here, there = by_hand.source(it), by_hand.target(it)
        if here.changed or here.runs:
            raise Blocked(
                f"Its disks on {here.host} were written to after they were copied (its"
                f" domain is {here.domain}): the copy on {there.host} is not the truth."
            )
        if not there.folder:
            raise Blocked(f"{there.host} has no folder of the instance (any more).")
        it.nova_db.move(row.forth(it.move, now.updated_at))

    def standing(self, it: It) -> Is:
        now = it.nova_db.row(it.move.server_id)
        return Is.DONE if now.place.host == it.move.target else Is.READY

    def undo(self, it: It) -> None:
        now = it.nova_db.row(it.move.server_id)
        it.nova_db.move(row.back(it.move, now.updated_at))


class BindPorts(Repeatable):
    """Neutron binds the ports of {name} to {target}."""

    def expects(self, move: Move, before: Expected) -> Expected:
        return {**before, Thing.PORTS: (target_of(move), NONE)}

    def check(self, it: It) -> Is:
        hosts = {port.host for port in it.cloud.ports(it.move.server_id)}
        return Is.DONE if hosts <= {it.move.target} else Is.READY

    def do(self, it: It) -> None:
        self._bind(it, str(it.move.target), it.move.facts["after"]["zone"])

    def standing(self, it: It) -> Is:
        hosts = {port.host for port in it.cloud.ports(it.move.server_id)}
        return Is.READY if hosts <= {it.move.source} else Is.DONE

    def undo(self, it: It) -> None:
        self._bind(it, it.move.source, it.move.facts["before"]["zone"])

    def _bind(self, it: It, host: str, zone: str | None) -> None:
        for port in it.cloud.ports(it.move.server_id):
            if port.host != host:
                it.cloud.bind_port(port.id, host, zone=zone)


class ForgetOnSource(Repeatable):
    """{source} forgets {name}: its domain is undefined there, and its folder is set
    aside for some days."""

    final = True
    reversible = False

    def commands(self, move: Move) -> list[str]:
        if not places.known(move):
            return []
        return [f"# on {move.source}\n{folder.retire(move).text}"]

    def expects(self, move: Move, before: Expected) -> Expected:
        return {
            **before,
            Thing.SOURCE_DOMAIN: (NONE,),
            Thing.SOURCE_FOLDER: (NONE,),
        }

    def check(self, it: It) -> Is:
        here = by_hand.source(it)
        if here.runs:
            raise Blocked(
                f"The domain of the instance is {here.domain} on {here.host}: it must"
                " be shut down there by hand, unless it is the right one."
            )
        gone = here.domain == NONE and not here.folder
        return Is.DONE if gone else Is.READY

    def do(self, it: It) -> None:
        there = by_hand.target(it)
        if not there.folder or (it.move.facts["running"] and not there.runs):
            raise Blocked(
                f"The instance is not sound on {there.host} (domain: {there.domain});"
                f" what {it.move.source} has of it is kept until it is."
            )
        it.hosts.run(it.move.source, folder.retire(it.move))

"""Steps that only look, used by more than one procedure."""

from __future__ import annotations

from migrations_app.errors import Blocked
from migrations_app.integrations.interfaces import Server
from migrations_app.procedures.base import Is, It, Step


def target_of(it: It, server: Server) -> str | None:
    """Return where it is to be: the chosen target, or where the scheduler put it."""
    return it.move.target or server.host


def arrived(it: It, server: Server) -> bool:
    """Tell whether Nova says that the instance is where it was to go."""
    if it.move.target is None:
        return server.host is not None and server.host != it.move.source
    return server.host == it.move.target


def _on_target(it: It) -> Server:
    server = it.cloud.server(it.move.server_id)
    if not arrived(it, server):
        raise Blocked(
            f"The instance is {server.status} on {server.host}, no longer on"
            f" {it.move.target or 'its target'}: somebody else moved it, or reverted"
            " the migration."
        )
    return server


class TargetTakesInstances(Step):
    """Verify that {target} is up and enabled."""

    def check(self, it: It) -> Is:
        if it.move.target is None:
            return Is.DONE
        for service in it.cloud.services():
            if service.host == it.move.target and service.binary == "nova-compute":
                if not service.up:
                    raise Blocked(
                        f"nova-compute on {it.move.target} is down: bring it up, or"
                        " choose another target."
                    )
                if not service.enabled:
                    raise Blocked(
                        f"{it.move.target} is disabled: enable it, or choose another"
                        " target."
                    )
                return Is.DONE
        raise Blocked(
            f"Nova knows no compute host {it.move.target}: choose another target."
        )


class PortsAreBound(Step):
    """Verify that all network ports of {name} are bound to {target}."""

    def check(self, it: It) -> Is:
        server = _on_target(it)
        host = target_of(it, server)
        ports = it.cloud.ports(it.move.server_id)
        failed = [p.id for p in ports if p.vif_type == "binding_failed"]
        if failed:
            raise Blocked(
                f"Neutron could not bind the port {failed[0]} on {host}: look at the"
                " network agent there."
            )
        return Is.DONE if all(p.host == host for p in ports) else Is.WAITING


class AllocationIsMoved(Step):
    """Verify that placement charges {target}, and only it, for {name}."""

    def check(self, it: It) -> Is:
        server = _on_target(it)
        held = it.cloud.allocations(it.move.server_id)
        if set(held) != {target_of(it, server)}:
            return Is.WAITING
        for record in it.cloud.migrations(it.move.server_id)[:1]:
            if it.cloud.allocations(record.uuid):
                return Is.WAITING
        return Is.DONE

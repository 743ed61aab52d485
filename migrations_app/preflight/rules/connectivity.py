"""Rules about the ways between both hosts, and the network on the target."""

from __future__ import annotations

from migrations_app.integrations.host_commands.host_ways import cold_address
from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts, Pair
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import COLDLY, LIVE, About, rule
from migrations_app.preflight.rules.nova_options import switch

# The agents that plug ports (Neutron's names of them).
_PLUGGING = ("open vswitch", "linux bridge", "ovn controller", "nic switch", "macvtap")


@rule("target.network", about=About.TARGET)
def network(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Neutron has a live agent on the target, so that ports can be bound there.

    Without it the binding fails ("Binding failed for port", nova/network/neutron.py).
    Whether the port's network reaches that host (physical networks) cannot be seen.
    Networks without agents are not judged.
    """
    if not facts.ports or move.target is None:
        return None
    if (why := facts.missing("agents")) is not None:
        return unknown(
            f"Neutron's agents on {move.target} could not be read.",
            "Look again, or let our account read Neutron's agents.",
            why=why,
        )
    plugging = [
        agent
        for agent in facts.agents or ()
        if agent.kind.lower().startswith(_PLUGGING) and agent.host == move.target
    ]
    if not plugging:
        return None
    alive = [agent.kind for agent in plugging if agent.alive and agent.enabled]
    if alive:
        return ok(f"Neutron's agent on {move.target} is alive.", agents=alive)
    return blocks(
        f"Neutron's agent on {move.target} is dead or switched off: no port can be "
        "bound there.",
        "Bring the agent back, or choose another target.",
        agents=[agent.kind for agent in plugging],
    )


@rule("hosts.vif", about=About.TARGET, procedures=(LIVE,))
def vif(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The guest is handed over only when its ports are plugged on the target.

    Where the target has ``live_migration_wait_for_vif_plug`` (on since 19.0), the
    source waits for Neutron's word before anything is copied, up to its
    ``vif_plugging_timeout`` (300 s): before 32.0 for ports of hybrid Open vSwitch only,
    since then for all ports (nova/compute/manager.py,
    _get_neutron_events_for_live_migration). Behind a backend that sends no word every
    live migration then fails, unless ``vif_plugging_is_fatal`` is off. Without the
    option the guest may be on the target before its network is.
    """
    pair = facts.pair(move)
    if pair is None or not facts.ports:
        return None
    option = "compute.live_migration_wait_for_vif_plug"
    waits = switch(pair.target, option, default=True)
    if waits:
        return None
    if waits is None:
        return unknown(
            f"Whether {pair.target.host} waits for Neutron could not be read.",
            "Look at [compute]live_migration_wait_for_vif_plug in its nova.conf.",
        )
    return warns(
        f"{pair.target.host} does not wait for Neutron: the guest may be without "
        "network for a while after the move.",
        "Set live_migration_wait_for_vif_plug there, or look whether the guest can be "
        "reached when it has moved.",
    )


@rule("hosts.libvirt", about=About.TARGET, procedures=(LIVE,))
def libvirt(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The source's libvirt reaches the target's.

    The connection of a live migration is opened once, by the source's libvirt daemon as
    it would for Nova: to ``live_migration_uri``, or by ``live_migration_scheme``, for
    the target's ``live_migration_inbound_addr`` (nova/virt/libvirt/driver.py,
    _live_migration_uri and _live_migration_flags). A way that could not be tried is
    unknown. The guest's memory then goes through other ports (49152 and up), which are
    not tried.
    """
    pair = facts.pair(move)
    if pair is None:
        return None
    here, there = pair.source.host, pair.target.host
    why = because(pair, "libvirt")
    if pair.target.libvirt_reaches is None:
        return unknown(
            f"Whether libvirt of {here} reaches that of {there} could not be found"
            f" out{why}.",
            f"Look again, or try it as root on {here}: virsh -c URI hostname.",
        ).if_late("libvirt" in pair.target.late)
    if pair.target.libvirt_reaches:
        return ok(f"libvirt of {here} reaches that of {there}.")
    return blocks(
        f"libvirt of {here} does not reach that of {there}{why}.",
        "Look at libvirtd's listening socket, certificates, names and firewall, or "
        "move it cold.",
        scheme=pair.source.settings.get("libvirt.live_migration_scheme", ""),
    )


@rule("hosts.ssh", about=About.TARGET, procedures=COLDLY)
def ssh(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The user of nova-compute on the source opens SSH to the target.

    Each cold migration makes a file and, unless that shows up here as well, a folder on
    the target by SSH, without a password ("not able to execute ssh command",
    nova/virt/libvirt/driver.py, migrate_disk_and_power_off): on shared storage and for
    an instance without local disks, too. The address is ``migration_inbound_addr``
    since 29.0, and ``my_ip`` before. A way that could not be tried is unknown.
    """
    pair = facts.pair(move)
    if pair is None:
        return None
    here, there = pair.source.host, pair.target.host
    why = because(pair, "nova")
    if pair.target.nova_reaches is None:
        return unknown(
            f"Whether Nova on {here} opens SSH to {there} could not be found out{why}.",
            f"Look again, or try it on {here} as nova-compute's user.",
        ).if_late("nova" in pair.target.late)
    if pair.target.nova_reaches:
        return ok(f"Nova on {here} opens SSH to {there}.")
    return blocks(
        f"Nova on {here} cannot open SSH to {there}, which every cold migration"
        f" needs{why}.",
        "Give nova-compute's user a key that the target accepts, and both hosts each "
        "other's host keys.",
        address=cold_address(pair.target) or there,
    )


def because(pair: Pair, way: str) -> str:
    """Return what the tool that tried a way said last, for the end of a sentence."""
    said = pair.target.said.get(way, "")
    return f": “{said}”" if said else ""

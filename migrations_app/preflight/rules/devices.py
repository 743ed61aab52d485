"""Rules about what ties an instance to the hardware of its host.

They read the flavor's extra specs, the properties that the image had (``hw_…``), which
Nova shows with the instance since microversion 2.98 (2025.1), and the guest's domain
where novaweb may enter the hosts.
"""

from __future__ import annotations

from migrations_app.integrations.interfaces import Guest, Move, Server
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, unknown, warns
from migrations_app.preflight.rule import BY_NOVA, LIVE, About, rule
from migrations_app.preflight.rules.nova_options import version

_TRUE = {"1", "true", "yes", "on", "t", "y"}


def wish(server: Server, name: str) -> str:
    """Return what the flavor or else the image asks of the hardware; empty: nothing."""
    asked = server.flavor.extra_specs.get(f"hw:{name}")
    return asked or (server.image_properties or {}).get(f"hw_{name}", "")


def recorded(server: Server, name: str) -> str | None:
    """Return what Nova recorded of the hardware it chose; None: it does not tell."""
    return (server.image_properties or {}).get(name)


def guest_of(facts: Facts, move: Move) -> Guest | None:
    """Return the guest's domain; None where nobody looked, or where there is none."""
    pair = facts.pair(move)
    return pair.guest if pair else None


def bound_to(server: Server) -> list[str]:
    """Return what binds the guest to processors, nodes or pages, as extra specs."""
    found = [name for name in ("numa_nodes", "mem_page_size") if wish(server, name)]
    if wish(server, "cpu_policy") in {"dedicated", "mixed"}:
        found.append("cpu_policy")
    return [f"hw:{name}" for name in found]


def has_vtpm(server: Server) -> bool:
    """Tell whether the flavor or the image asks for a virtual TPM."""
    return bool(wish(server, "tpm_version") or wish(server, "tpm_model"))


def has_sev(server: Server) -> bool:
    """Tell whether the flavor or the image asks for encrypted memory."""
    return wish(server, "mem_encryption").lower() in _TRUE


def is_stateless(server: Server) -> bool:
    """Tell whether the image asks for UEFI without variables (since 30.0)."""
    return wish(server, "firmware_stateless").lower() in _TRUE


@rule("device.sev", about=About.INSTANCE, procedures=(LIVE,), since=20)
def sev(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The memory of the guest is not encrypted (AMD SEV).

    Nova refuses to migrate it live (``reject_sev_instances`` in nova/compute/api.py).
    """
    guest = guest_of(facts, move)
    if not has_sev(facts.server) and not (guest and "sev" in guest.devices):
        return None
    return blocks(
        f"The memory of {facts.server.name} is encrypted (SEV), and Nova does not "
        "migrate that live.",
        "Move it cold.",
    )


@rule("device.accelerator", about=About.INSTANCE, procedures=BY_NOVA)
def accelerator(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The instance has no accelerator of Cyborg.

    Nova refuses both kinds of migration with a device profile or an accelerator port
    (``block_accelerators``, ``block_port_accelerators`` in nova/compute/api.py).
    """
    name = facts.server.name
    profile = facts.server.flavor.extra_specs.get("accel:device_profile")
    ports = [p.id for p in facts.ports if p.vnic_type.startswith("accelerator-")]
    if profile or ports:
        return blocks(
            f"{name} has an accelerator, and Nova does not move such instances.",
            "Ask its project to recreate it on another host.",
            device_profile=profile,
            ports=ports,
        )
    if "ports" in facts.unread:
        return unknown(
            f"The network ports of {name} could not be read, so they were not judged.",
            "Look again, or let our account read neutron's ports.",
            why=facts.unread["ports"],
        )
    return None


@rule("device.numa", about=About.INSTANCE, procedures=(LIVE,))
def numa(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The guest is not bound to processors, NUMA nodes or large pages.

    Until 19.x Nova refuses to migrate such guests live unless a workaround is on. Since
    20.0 it plans them again on the target, and refuses a target where they do not fit;
    the free cells of a host are not in the API, and before 34.0 a cell may be filled
    beyond the allocation ratios (bug 2153425). A source with 33.0 cannot migrate guests
    live that were pinned and started before its upgrade: it looks for the pins of a
    thread that they lack (``_update_numa_xml`` in nova/virt/libvirt/migration.py, bug
    2152697, mended in 34.0).
    """
    bound, guest = bound_to(facts.server), guest_of(facts, move)
    if not bound and not (guest and guest.pinned):
        return None
    name = facts.server.name
    if facts.before(20):
        return blocks(
            f"{name} is bound to processors or memory of its host, which Nova does "
            "not migrate live before Train.",
            "Move it cold.",
            extra_specs=bound,
        )
    here = _source_release(facts, move)
    if guest and guest.pinned and not guest.io_pinned and here == (33, 33):
        return blocks(
            f"{name} was pinned and started before {move.source} got Nova 2026.1, which"
            " fails to migrate such guests live (bug 2152697).",
            "Move it cold; or first restart it (hard reboot), or upgrade Nova on "
            f"{move.source} to 2026.2, which has the mend.",
            extra_specs=bound,
        )
    old = ""
    if guest is None and here[0] <= 33 <= here[1]:
        old = (
            " Nova 2026.1 fails with those started before its upgrade (bug 2152697),"
            " which was not looked at."
        )
    return warns(
        f"{name} is bound to processors or memory of its host. Nova plans that again"
        f" on the target, and refuses if it does not fit there.{old}",
        "Choose a target with whole NUMA nodes free, or move it cold.",
        extra_specs=bound,
    )


def _source_release(facts: Facts, move: Move) -> tuple[int, int]:
    """Return the lowest and the highest major version that the source's Nova can be."""
    pair = facts.pair(move)
    if pair and (found := version(pair.source.nova)):
        return found[0], found[0]
    return facts.release or (0, 99)

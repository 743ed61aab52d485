"""Rules about what decides how a live migration goes: options, and the size."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import LIVE, About, rule
from migrations_app.preflight.rules.disks import local_disks, share
from migrations_app.preflight.rules.nova_options import switch, value, version

_PERMITTED = "libvirt.live_migration_permit_post_copy"
_LANES = "libvirt.live_migration_parallel_connections"
_ACTION = "libvirt.live_migration_timeout_action"
_TIMEOUT = "libvirt.live_migration_completion_timeout"
_ENOUGH = (10, 1)  # QEMU, for post-copy over parallel connections
# Above these a live migration takes its time: at 1 Gbit/s one pass over so much memory
# takes nine minutes, over so much disk an hour.
LARGE_MEMORY_MB, LARGE_DISK_GB = 64 * 1024, 450


@rule("hosts.post_copy", about=About.TARGET, procedures=(LIVE,))
def post_copy(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Post-copy and parallel connections do not meet on an old QEMU.

    Both together need QEMU 10.1 on both hosts: otherwise the guest is SHUTOFF on the
    target after a switch to post-copy (live_migration_permit_post_copy in
    nova/conf/libvirt.py). Nova switches when completion is forced, and by itself with
    ``live_migration_timeout_action`` force_complete. Since 33.0 a nova-compute with
    both options and an older QEMU does not start (``init_host`` in
    nova/virt/libvirt/driver.py).
    """
    pair = facts.pair(move)
    if pair is None:
        return None
    permitted = switch(pair.source, _PERMITTED, default=False)
    lanes = value(pair.source, _LANES, default="1")
    if permitted is False or lanes == "1":
        return None
    both = f"{pair.source.host} permits post-copy together with parallel connections"
    if permitted is None or lanes is None:
        both = f"{pair.source.host} may permit post-copy with parallel connections"
    remedy = "Do not force completion of this move, or set one of the two options off."
    qemu = {it.host: version(it.qemu) for it in (pair.source, pair.target)}
    if old := [host for host, found in qemu.items() if found and found < _ENOUGH]:
        return (unknown if permitted is None or lanes is None else warns)(
            f"{both}, which needs QEMU 10.1; {' and '.join(old)} has an older one: a "
            f"switch to post-copy leaves {facts.server.name} SHUTOFF on "
            f"{pair.target.host}.",
            remedy,
        )
    if unread := [host for host, found in qemu.items() if not found]:
        return unknown(
            f"{both}, which needs QEMU 10.1; that of {' and '.join(unread)} could not "
            "be read.",
            f"Look at virsh version there. {remedy}",
        )
    return None


@rule("disk.tunnelled", about=About.TARGET, procedures=(LIVE,))
def tunnelled(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """A block migration is not tunnelled while volumes are attached.

    With ``live_migration_tunnelled`` libvirt cannot choose which disks it copies, so
    Nova refuses a block migration of an instance that has volumes.
    """
    pair = facts.pair(move)
    if pair is None or share(facts, move) or not local_disks(facts.server):
        return None
    on = switch(pair.source, "libvirt.live_migration_tunnelled", default=False)
    if on is False:
        return None
    if not facts.server.volumes:
        if on is None:
            return None
        return ok(f"{move.source} tunnels live migrations, which suits this one.")
    if on is None:
        return unknown(
            f"Whether {move.source} tunnels live migrations could not be read.",
            "Look at [libvirt]live_migration_tunnelled in its nova.conf: Nova then "
            "refuses a block migration of an instance that has volumes.",
        )
    return blocks(
        f"{move.source} tunnels live migrations (live_migration_tunnelled), which does "
        "not go with a block migration of an instance that has volumes.",
        "Set the option off on the source, or move it cold.",
    )


@rule("source.timeout", about=About.SOURCE, procedures=(LIVE,))
def timeout(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """What Nova itself does when the live migration takes too long is known.

    After ``live_migration_completion_timeout``, 800 s for each GiB of memory and copied
    disk and at least 2 GiB of each, Nova does ``live_migration_timeout_action``
    (nova/conf/libvirt.py): abort, the default, or force_complete. The latter switches
    to post-copy if that is permitted and the guest has no persistent memory, and else
    pauses the guest until the rest is copied. Both options are the source's; a deadline
    of the request's own often comes later.
    """
    pair = facts.pair(move)
    if pair is None:
        return None
    here = pair.source
    seconds = value(here, _TIMEOUT, default="800")
    if seconds == "0":
        return ok(f"Nova on {here.host} sets a live migration no end of its own.")
    action = value(here, _ACTION, default="abort")
    permitted = switch(here, _PERMITTED, default=False)
    after = f"after {seconds} s for each GiB"
    if action not in {"abort", "force_complete"} or seconds is None:
        return unknown(
            f"What Nova on {here.host} does when a live migration takes too long could "
            "not be read.",
            "Look at live_migration_timeout_action and "
            "live_migration_completion_timeout in its nova.conf.",
        )
    if action == "abort":
        return ok(f"Nova on {here.host} aborts a live migration {after}.")
    name, pmem = facts.server.name, "hw:pmem" in facts.server.flavor.extra_specs
    how = f"pauses {name} until the rest is copied"
    if permitted and not pmem:
        how = (
            f"switches {name} to post-copy, after which it is lost if the network "
            "between the hosts fails"
        )
    elif permitted is None and not pmem:
        how += ", or switches it to post-copy, which could not be read"
    return warns(
        f"Nova on {here.host} does not abort a live migration that takes too long: "
        f"{after} it {how}.",
        "If that must not be, choose a deadline that comes before; or set "
        "live_migration_timeout_action = abort on the source.",
    )


@rule("instance.size", about=About.INSTANCE, procedures=(LIVE,))
def size(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The instance is not so large that a live migration is a matter of hours.

    Memory is sent again as often as the guest changes it. Nova ends a live migration
    after 800 s for each GiB of memory and copied disk
    (``live_migration_completion_timeout``; ``source.timeout`` says how), which can be
    half a day; a deadline of the request's own comes sooner.
    """
    flavor = facts.server.flavor
    root = flavor.disk_gb if facts.server.image is not None else 0
    disk = 0 if share(facts, move) else root + flavor.ephemeral_gb
    if flavor.ram_mb <= LARGE_MEMORY_MB and disk <= LARGE_DISK_GB:
        return None
    return warns(
        f"{facts.server.name} is large: a live migration takes long, and does not end"
        " while the guest writes faster than the network copies.",
        "Choose a time of low load and a deadline; or move it cold.",
        memory_mb=flavor.ram_mb,
        disk_gb=disk,
    )

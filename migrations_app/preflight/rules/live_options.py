"""Rules about the options of nova.conf that decide how a live migration goes."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, ok, unknown, warns
from migrations_app.preflight.rule import LIVE, About, rule
from migrations_app.preflight.rules.nova_options import on, version

_PERMITTED = "libvirt.live_migration_permit_post_copy"
_ENOUGH = (10, 1)  # QEMU, for post-copy over parallel connections


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
    if pair is None or not on(pair.source, _PERMITTED):
        return None
    lanes = pair.source.settings.get("libvirt.live_migration_parallel_connections", "1")
    if lanes in {"", "0", "1"}:
        return None
    both = f"{pair.source.host} permits post-copy together with parallel connections"
    remedy = "Do not force completion of this move, or set one of the two options off."
    qemu = {it.host: version(it.qemu) for it in (pair.source, pair.target)}
    if old := [host for host, found in qemu.items() if found and found < _ENOUGH]:
        return warns(
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
    seconds = here.settings.get("libvirt.live_migration_completion_timeout", "800")
    if seconds == "0":
        return ok(f"Nova on {here.host} sets a live migration no end of its own.")
    action = here.settings.get("libvirt.live_migration_timeout_action", "abort")
    after = f"after {seconds} s for each GiB"
    if action == "abort":
        return ok(f"Nova on {here.host} aborts a live migration {after}.")
    if action != "force_complete" or not seconds.isdigit():
        return unknown(
            f"What Nova on {here.host} does when a live migration takes too long could "
            "not be read.",
            "Look at live_migration_timeout_action and "
            "live_migration_completion_timeout in its nova.conf.",
        )
    name, pmem = facts.server.name, "hw:pmem" in facts.server.flavor.extra_specs
    how = (
        f"switches {name} to post-copy, after which it is lost if the network between "
        "the hosts fails"
        if on(here, _PERMITTED) and not pmem
        else f"pauses {name} until the rest is copied"
    )
    return warns(
        f"Nova on {here.host} does not abort a live migration that takes too long: "
        f"{after} it {how}.",
        "If that must not be, choose a deadline that comes before; or set "
        "live_migration_timeout_action = abort on the source.",
    )

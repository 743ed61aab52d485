"""Rules about the two hosts: known, up, enabled, and of one kind."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import LIVE, MANUAL, About, rule
from migrations_app.wording import within


@rule("source.up", about=About.SOURCE)
def source_up(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The source's nova-compute is up.

    Live: Nova fails in its conductor. Cold: 409, "Service is unavailable at this time";
    and to confirm a cold migration the source must be up again. In a manual move only
    what runs must be stopped by it, so a stopped instance can be saved from a host
    whose nova-compute is broken while its disks can be read. A host that is lost is a
    case for evacuation, which is not a migration.
    """
    if not move.source:
        return None  # it is on no host, as instance.source has said
    if "services" in facts.unread:
        return _services_unread(facts, move.source)
    service = facts.services.get(move.source)
    if service is not None and service.up:
        return ok(f"{move.source} is up.")
    if service is None:
        sentence = f"Nova has no nova-compute service on {move.source}."
    elif service.forced_down:
        sentence = f"{move.source} has been forced down by an administrator."
    else:
        sentence = f"{move.source} is down."
    if procedure == MANUAL and facts.server.vm_state == "stopped":
        return warns(
            f"{sentence} {facts.server.name} is stopped, so its disks can be moved all "
            "the same.",
            "Bring its nova-compute back if you can, and move the instance cold.",
        )
    return blocks(
        sentence,
        "Bring its nova-compute back. If the host is lost for good, evacuate its "
        "instances instead.",
        last_seen=service.updated_at.isoformat()
        if service and service.updated_at
        else None,
    )


@rule("target.known", about=About.TARGET)
def known(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Nova knows the target.

    The name wanted is that of the nova-compute service, which often differs from the
    hypervisor's. Nova answers 400 for a host it does not know in the instance's cell.
    """
    host = move.target
    if "hypervisors" in facts.unread:
        return unknown(
            "The hypervisors could not be read, so the target was not judged.",
            "Look again.",
            why=facts.unread["hypervisors"],
        )
    if host in facts.hypervisors:
        return ok(f"Nova knows {host}.")
    meant = next((h.host for h in facts.hypervisors.values() if h.node == host), None)
    if meant is not None:
        return blocks(
            f"{host} is the name of a hypervisor; its nova-compute is called {meant}.",
            f"Choose {meant} as the target.",
        )
    return blocks(
        f"Nova knows no compute host {host}.",
        "Choose one from the list of hypervisors.",
    )


@rule("target.not_source", about=About.TARGET)
def not_source(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target is another host than the source."""
    if move.target not in {move.source, facts.server.host}:
        return None
    return blocks(
        f"{facts.server.name} is on {move.target} already.",
        "Choose another target.",
    )


@rule("target.up", about=About.TARGET)
def target_up(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target's nova-compute is up.

    Nova takes a service for down when it has not reported for 60 s
    (``service_down_time``), or when an administrator has forced it down.
    """
    host = move.target or ""
    if "services" in facts.unread:
        return _services_unread(facts, host)
    service = facts.services.get(host)
    if service is None:
        return None  # known has said so, or the next sentence would be a guess
    if service.up:
        return ok(f"{host} is up.")
    how = (
        "has been forced down by an administrator" if service.forced_down else "is down"
    )
    return blocks(
        f"{host} {how}.",
        "Choose another target, or bring its nova-compute back.",
        last_seen=service.updated_at.isoformat() if service.updated_at else None,
    )


@rule("target.enabled", about=About.TARGET)
def target_enabled(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target takes new instances.

    A disabled nova-compute is refused as a target of live and cold migration (the trait
    COMPUTE_STATUS_DISABLED since 20.0, and ComputeFilter). It may be a source. In a
    manual move nobody asks the scheduler; but a disabled host should get nothing new,
    and to enable the host is the simpler way round.
    """
    host = move.target or ""
    service = facts.services.get(host)
    if service is None:
        return None
    if service.enabled:
        return ok(f"{host} is enabled.")
    reason = f": {within(service.disabled_reason)}" if service.disabled_reason else ""
    return blocks(
        f"{host} is disabled{reason}.",
        "Choose another target, or enable its nova-compute if its reason is gone.",
    )


@rule("target.hypervisor", about=About.TARGET)
def hypervisor(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target's hypervisor is of the source's kind and not older.

    For a live migration Nova wants the same type, and a version that is the same or
    newer (nova/conductor/tasks/live_migrate.py). Since 26.0 ``[workarounds]
    skip_hypervisor_version_check_on_lm`` switches the latter off, in the nova.conf of
    the conductor, which cannot be read from here. A cold migration is not checked by
    Nova.
    """
    target = facts.hypervisors.get(move.target or "")
    source = facts.hypervisors.get(move.source)
    if target is None or source is None:
        return None
    versions = {"source_version": source.version, "target_version": target.version}
    if target.type != source.type:
        say = blocks if procedure == LIVE else warns
        return say(
            f"{target.host} runs {target.type}, {source.host} runs {source.type}.",
            "Choose a target of the same kind.",
        )
    if procedure != LIVE:
        return None
    if target.version < source.version:
        older = f"The hypervisor of {target.host} is older than that of {source.host}"
        remedy = "Choose a target that is not older, or move it cold."
        if facts.control and facts.control[1] < 26:
            return blocks(f"{older}.", remedy, **versions)
        return unknown(
            f"{older}: Nova refuses that, unless its conductor was told not to compare "
            "them, which cannot be seen from here.",
            f"{remedy} Or look at [workarounds]skip_hypervisor_version_check_on_lm in "
            "nova.conf of every nova-conductor.",
            **versions,
        )
    return ok(f"{target.host} has the same or a newer {target.type}.", **versions)


def _services_unread(facts: Facts, host: str) -> Finding:
    return unknown(
        f"The compute services could not be read, so whether {host} is up is not "
        "known.",
        "Look again, or let our account read os-services.",
        why=facts.unread["services"],
    )

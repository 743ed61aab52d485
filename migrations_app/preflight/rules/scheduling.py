"""Rules about what else the scheduler minds, and who else moves."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import BY_NOVA, LIVE, About, rule

_MENDED = 32  # the Nova beside the first placement that refuses nothing here


@rule("source.capacity", about=About.SOURCE, procedures=BY_NOVA, until=31)
def capacity(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The source holds no more than its capacity of what the instance holds there.

    Nova first gives what the instance holds to the record of the move
    (``replace_allocation_with_migration`` in nova/conductor/tasks/migrate.py). Before
    14.0.0 (2025.2) placement refuses that on a host that holds more than its capacity,
    although nothing grows (bug 2104040, ``_check_capacity_exceeded`` in
    placement/objects/allocation.py): after a ratio was lowered or the reserve raised,
    each migration from there ends in "Unable to replace instance claim on source".
    Placement is upgraded before the hosts, so that only the API tells of its release.
    """
    source = facts.hypervisors.get(move.source)
    oldest, newest = facts.control or (0, 99)
    if source is None or oldest >= _MENDED:
        return None
    over = {
        name: {"used": stock.used, "capacity": stock.capacity}
        for name in facts.server.resources
        if (stock := source.stock.get(name)) and stock.used > stock.capacity
    }
    if not over:
        return None
    classes = " and ".join(sorted(over))
    say, refuses = blocks, "placement refuses"
    if newest >= _MENDED:
        say, refuses = unknown, "placement before 2025.2 refuses"
    return say(
        f"{move.source} holds more {classes} than its capacity, and {refuses} every "
        "migration from there.",
        f"Raise the allocation ratio of {move.source}, or lower its reserve, until it "
        "is empty; or upgrade placement to 2025.2 (14.0.0).",
        over=over,
    )


@rule("instance.hints", about=About.INSTANCE, procedures=BY_NOVA, since=31)
def hints(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The instance was created without hints for the scheduler.

    Hints such as ``same_host``, ``different_host`` or ``query`` are kept for life, and
    the filters that know them judge every move. A group is a hint with rules of its
    own. Nova shows them since microversion 2.100.
    """
    kept = {k: v for k, v in (facts.server.hints or {}).items() if k != "group"}
    if not kept:
        return None
    return warns(
        f"{facts.server.name} was created with hints for the scheduler "
        f"({', '.join(sorted(kept))}), which still hold.",
        "Make sure that the target agrees with them.",
        hints=kept,
    )


@rule("target.tenants", about=About.TARGET, procedures=BY_NOVA)
def tenants(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target is not set aside for other projects.

    An aggregate whose metadata has ``filter_tenant_id`` takes only those projects,
    where ``limit_tenants_to_placement_aggregate`` or the filter
    AggregateMultiTenancyIsolation is on; that cannot be seen from here.
    """
    target = facts.hypervisors.get(move.target or "")
    if target is None or not target.tenants:
        return None
    if facts.server.project_id in target.tenants:
        return ok(f"{target.host} also accepts the project of the instance.")
    return warns(
        f"{target.host} is reserved for projects other than that of"
        f" {facts.server.name} (filter_tenant_id).",
        "Choose a host for its project, or one for all projects.",
        projects=list(target.tenants),
    )


@rule("source.queue", about=About.SOURCE, procedures=(LIVE,))
def queue(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Other live migrations from the source are counted.

    A host carries out ``max_concurrent_live_migrations`` at once, 1 by default; others
    wait as queued. Never more than a note, because it changes by the minute.
    """
    others = [
        record.id
        for record in facts.under_way
        if record.source == move.source
        and record.type == "live-migration"
        and record.server_id != facts.server.id
    ]
    if not others:
        return None
    return ok(
        f"Other live migrations from {move.source} are running: this one may wait for"
        " them.",
        migrations=others,
    )

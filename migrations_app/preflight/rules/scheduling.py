"""Rules about what else the scheduler minds, and who else moves."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, ok, warns
from migrations_app.preflight.rule import BY_NOVA, LIVE, About, rule


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

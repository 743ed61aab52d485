"""Whether Nova still works on a move: it has a task, and a record that is not over.

Nova ends some moves with the record and others with the instance, a moment apart. When
the record has been over for a minute and the instance has not followed, nothing will
finish the move any more, and it is not known where the guest runs. Before 27.0.0 an
error after the hand-over of a live migration left a record “completed”, the task
“migrating” and the source as host, while the guest ran on the target
(nova/compute/manager.py, _post_live_migration; bug 1628606); a nova-compute or a
message queue that dies at the wrong moment leaves the like in every release.
"""

from __future__ import annotations

from datetime import timedelta

from migrations_app.errors import Uncertain, WorldError
from migrations_app.integrations.host_commands import libvirt_domains
from migrations_app.integrations.host_commands.instance_files import NONE
from migrations_app.integrations.interfaces import Migration, Server
from migrations_app.procedures.base import StepContext

# So long the instance may take to follow its record. By novaweb's clock, from when the
# two were first seen apart: Nova's clocks may differ, and from one another.
PATIENCE = timedelta(seconds=60)
# “reverted” is written on the target, before the source puts the instance back
# (nova/compute/resource_tracker.py, drop_move_claim_at_dest): while it is at that, it
# may wait for Neutron for [DEFAULT]vif_plugging_timeout, 300 s.
REVERTING = timedelta(minutes=10)
_MOVING = frozenset(("MIGRATING", "RESIZE", "REVERT_RESIZE"))
_ARRIVED = frozenset(("completed", "finished", "confirmed"))
_NOT_RUNNING = frozenset((NONE, "shut off", "unknown"))


def left_behind(ctx: StepContext, server: Server, record: Migration | None) -> bool:
    """Tell whether the instance has not (yet) followed its record, which is over.

    Raises Uncertain, with the record's word and where the guest runs, once that has
    been so for a minute. Since when is kept in the step's progress.
    """
    if record is None or not _apart(server, record):
        return False
    seen = [record.id, record.status, server.status, server.task_state, server.host]
    known, now = ctx.progress.get("apart", {}), ctx.now.timestamp()
    since = known["since"] if known.get("seen") == seen else now
    if since >= now:  # for the first time, or the clock was set back
        ctx.set_progress({**ctx.progress, "apart": {"seen": seen, "since": now}})
        return True
    waited = timedelta(seconds=now - since)
    if waited > PATIENCE and not (waited < REVERTING and _reverts(ctx, server, record)):
        raise Uncertain(_sentence(ctx, server, record))
    return True


def where_it_runs(ctx: StepContext, *hosts: str | None) -> tuple[str, list[str]]:
    """Return what virsh says of the domain on each host, and on which of them it runs.

    Where novaweb may not enter the hosts the text says what a person has to look at.
    """
    named = list(dict.fromkeys(filter(None, hosts)))
    if ctx.world.hosts is None:
        both = " and ".join(named)
        return f"Find out with “virsh list --all” on {both} where its domain runs.", []
    said, running = [], []
    for host in named:
        try:
            state = libvirt_domains.state(ctx.hosts, host, ctx.move.server_id)
        except WorldError as error:
            said.append(f"{host} could not be asked ({error.sentence})")
            continue
        said.append(f"{state} on {host}")
        if state not in _NOT_RUNNING:
            running.append(host)
    return f"Its domain, by virsh: {', '.join(said)}.", running


def _apart(server: Server, record: Migration) -> bool:
    """Tell whether the instance is in a state that its record, being over, denies.

    “finished” is where a cold migration waits for its confirmation.
    """
    if server.status in _MOVING:
        return record.over or (
            server.status == "RESIZE" and record.status == "finished"
        )
    if not server.idle or server.status == "ERROR":
        return False
    if server.status == "VERIFY_RESIZE":
        return record.over
    elsewhere = record.target is not None and server.host != record.target
    return record.status in _ARRIVED and elsewhere


def _reverts(ctx: StepContext, server: Server, record: Migration) -> bool:
    """Tell whether the source is still putting the instance back, by Nova's events."""
    if (server.status, record.status) != ("REVERT_RESIZE", "reverted"):
        return False
    reverts = [a for a in ctx.cloud.actions(server.id) if a.name == "revertResize"]
    if not reverts:
        return False
    events = ctx.cloud.action(server.id, reverts[0].request_id).events
    return any(event.result is None for event in events)


def _sentence(ctx: StepContext, server: Server, record: Migration) -> str:
    source, target = record.source or ctx.move.source, record.target or ctx.move.target
    where, running = where_it_runs(ctx, source, target)
    return (
        f"Nova's record of the move (migration {record.id}, {source} to"
        f" {target or 'no host'}) says “{record.status}”, but the instance is still"
        f" {server.status} on {server.host} a minute later: Nova does nothing more"
        f" about it. {where} {_advice(server, running)}"
    )


def _advice(server: Server, running: list[str]) -> str:
    if len(running) > 1:
        return (
            "Two of them must never run: shut the wrong one down now, before both have"
            " written to its disks."
        )
    if running and running != [server.host]:
        return (
            f"It runs on {running[0]}, while Nova has it on {server.host}: a hard"
            " reboot, or a stop and a start, would start it a second time. Correct its"
            " host in Nova's database before anything else."
        )
    if running and server.status == "MIGRATING":
        return (
            "It runs where Nova has it: make sure that it does, then end its task with"
            f" “openstack server set --state active {server.id}” and use “Look again”."
        )
    return (
        "Find out first which host has its disks as they were last written: a hard"
        " reboot or a reset of its state could start it twice, or on old disks."
    )

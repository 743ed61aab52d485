"""Scans one host after the other for stale resources and stores the results.

A scan makes three calls to the cloud, one for each resource provider of the host, one
to the host if SSH is configured, and one for each instance that seems to be elsewhere,
at most DOUBTS: of more each scan takes the next ones. No transaction is open during a
call. Nothing is repaired.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from migrations_app.errors import Gone, Refused, WorldError, told
from migrations_app.integrations.clouds import known_clouds
from migrations_app.integrations.host_commands.libvirt_domains import domains
from migrations_app.integrations.interfaces import Migration, Server, World
from migrations_app.inventory.leaks import rules as leak_rules
from migrations_app.inventory.leaks.rules import Found, Record, Seen, Unconfirmed
from migrations_app.models import (
    Cloud,
    Hypervisor,
    Instance,
    LaneOf,
    Leak,
    LeakLook,
    MigrationRequest,
    NovaMigration,
    OneByOne,
)
from migrations_app.models.states import OPEN_REQUESTS

DOUBTS = 20
# So many instances that Nova fails at, and no more, are asked for in one scan.
ENOUGH = 3
OVER = frozenset(
    {"completed", "confirmed", "reverted", "failed", "error", "cancelled", "done"}
)
AT_ONCE = 3
# Hosts that are new here are looked at so far apart, so that no cloud is flooded.
APART = timedelta(seconds=2)


def is_due(now: datetime) -> bool:
    """Tell whether a host is to be looked at; False when that is switched off."""
    if settings.NOVAWEB_LEAKS_EVERY <= 0:
        return False
    if LeakLook.objects.filter(due_at__lte=now).exists():
        return True
    return _unplanned().exists()


def look_due(now: datetime, world_of: Callable[[str], World]) -> list[str]:
    """Scan the due hosts, a few at a time; return their names.

    An error about one of them is noted with it, and the next is scanned.
    """
    _plan(now)
    looked = []
    lane = OneByOne(LaneOf.LEAKS, now)
    every = timedelta(seconds=settings.NOVAWEB_LEAKS_EVERY)
    waiting = LeakLook.objects.filter(due_at__lte=now, cloud__name__in=known_clouds())
    for look in waiting.select_related("cloud").order_by("due_at")[:AT_ONCE]:
        ours = LeakLook.objects.filter(pk=look.pk, due_at=look.due_at)
        if ours.update(due_at=now + every):
            scan = partial(_scan, look, world_of, now)
            lane.serve(f"{look.host} of {look.cloud.name}", scan, number=look.pk)
            looked.append(look.host)
    return looked


def _scan(look: LeakLook, world_of: Callable[[str], World], now: datetime) -> None:
    try:
        look_at(look.cloud, look.host, world_of(look.cloud.name), now=now)
    except Exception as error:
        LeakLook.objects.filter(pk=look.pk).update(trouble=told(error))
        raise


def look_at(cloud: Cloud, host: str, world: World, *, now: datetime) -> list[Found]:
    """Store the stale resources of the host; return them.

    If the cloud or the host does not answer, the affected rows stay, and the scan's
    ``trouble`` has the reason.
    """
    there = LeakLook.objects.get_or_create(
        cloud=cloud, host=host, defaults={"due_at": now}
    )[0]
    trouble, kinds = "", set(Leak.Kind.values)
    try:
        seen, trouble, entered = _see(cloud, host, world, now)
    except WorldError as error:
        LeakLook.objects.filter(pk=there.pk).update(trouble=error.sentence)
        return []
    if not entered:
        kinds.discard(Leak.Kind.DOMAIN)
    found = [leak for leak in leak_rules.leaks(seen, now=now) if leak.kind in kinds]
    _keep(cloud, host, found, kinds, _not_asked(seen), now)
    LeakLook.objects.filter(pk=there.pk).update(looked_at=now, trouble=trouble)
    return found


def _see(
    cloud: Cloud, host: str, world: World, now: datetime
) -> tuple[Seen, str, bool]:
    """Return what is there, what was not answered, and whether the host was entered."""
    trouble, entered = "", world.hosts is not None
    consumers = world.cloud.consumers(host)
    bindings = world.cloud.bindings(host)
    there: dict[str, str] = {}
    if world.hosts is not None:
        try:
            there = domains(world.hosts, host)
        except WorldError as error:
            trouble, entered = error.sentence, False
    # asked last: what began meanwhile is among them
    under_way = world.cloud.under_way()
    moves = _moves(cloud, under_way)
    moving = {move.server_id for move in under_way} | _asked_for(cloud)
    names = {*consumers, *(each.server_id for each in bindings), *there}
    names -= {move.uuid for move in moves} | moving
    doubts = _doubts(cloud, host, names)
    servers, unanswered = _asked(world, _in_turn(doubts, now))
    trouble = trouble or unanswered
    for name in [name for name, server in servers.items() if name in consumers]:
        # whoever has let go of it meanwhile has not leaked
        if servers[name] is None and not world.cloud.allocations(name):
            del consumers[name]
    consumers = {name: it for name, it in consumers.items() if name not in moving}
    waiting = Instance.objects.filter(cloud=cloud, host=host, status="VERIFY_RESIZE")
    seen = Seen(
        host=host,
        consumers=consumers,
        bindings=bindings,
        domains=there,
        servers=servers,
        moves=moves,
        unasked=frozenset(doubts) - servers.keys(),
        unconfirmed=[
            Unconfirmed(row.uuid, row.name, row.updated_at)
            for row in waiting
            if row.updated_at is not None
        ],
    )
    return seen, trouble, entered


def _doubts(cloud: Cloud, host: str, names: Collection[str]) -> list[str]:
    """Return those that our copy does not have on the host, in order."""
    here = Instance.objects.filter(cloud=cloud, host=host)
    return sorted(set(names) - set(here.values_list("uuid", flat=True)))


def _in_turn(names: list[str], now: datetime) -> list[str]:
    """Return at most DOUBTS of the names: with each scan the next ones, all in turn."""
    if len(names) <= DOUBTS:
        return names
    every = max(settings.NOVAWEB_LEAKS_EVERY, 1)
    scan = int(now.timestamp() / every)  # its number
    first = scan * DOUBTS % len(names)
    return [*names[first:], *names[:first]][:DOUBTS]


def _asked(
    world: World, names: Collection[str]
) -> tuple[dict[str, Server | None], str]:
    """Query Nova for these instances; return them, and why one was not answered.

    Of one that Nova fails at nothing is known, and the others are asked for all the
    same; a cloud that fails at ENOUGH of them is left alone. Raises Refused.
    """
    found: dict[str, Server | None] = {}
    failed: list[str] = []
    for name in names:
        try:
            found[name] = world.cloud.server(name)
        except Gone:
            found[name] = None
        except Refused:
            raise
        except WorldError as error:
            failed.append(f"Instance {name} was not looked at. {error.sentence}")
            if len(failed) == ENOUGH:
                break
    return found, failed[0] if failed else ""


def _moves(cloud: Cloud, under_way: Collection[Migration]) -> list[Record]:
    """Return the known moves; running ones are read live."""
    rows = {
        row.uuid: Record(
            uuid=row.uuid,
            number=row.number,
            server_id=row.instance,
            type=row.type,
            status=row.status,
            source=row.source,
            target=row.target,
            over=row.status in OVER,
            touched_at=row.updated_at or row.created_at,
        )
        for row in NovaMigration.objects.filter(cloud=cloud)
    }
    for each in under_way:
        rows[each.uuid] = Record(
            uuid=each.uuid,
            number=each.id,
            server_id=each.server_id,
            type=each.type,
            status=each.status,
            source=each.source or "",
            target=each.target or "",
            over=each.over,
            touched_at=each.updated_at or each.created_at,
        )
    return list(rows.values())


def _asked_for(cloud: Cloud) -> set[str]:
    """Return the instances that a novaweb request may be moving."""
    rows = MigrationRequest.objects.filter(cloud=cloud, state__in=OPEN_REQUESTS)
    return set(rows.values_list("instance", flat=True))


def _not_asked(seen: Seen) -> set[str]:
    """Return the subjects of which this scan does not know whether they are stale."""
    ports = {it.port_id for it in seen.bindings if it.server_id in seen.unasked}
    return ports | seen.unasked


def _keep(
    cloud: Cloud,
    host: str,
    found: list[Found],
    kinds: set[str],
    not_asked: set[str],
    now: datetime,
) -> None:
    rows = [
        Leak(
            cloud=cloud,
            host=host,
            kind=leak.kind,
            subject=leak.subject,
            sentence=leak.sentence,
            remedy=leak.remedy,
            evidence=leak.evidence,
            first_seen=now,
            last_seen=now,
        )
        for leak in found
    ]
    with transaction.atomic():
        Leak.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["cloud", "host", "kind", "subject"],
            update_fields=["sentence", "remedy", "evidence", "last_seen"],
        )
        known = Leak.objects.filter(cloud=cloud, host=host, last_seen__lt=now)
        gone = [
            row.pk
            for row in known.filter(kind__in=kinds).only("subject")
            if row.subject not in not_asked
        ]
        Leak.objects.filter(pk__in=gone).delete()


def _unplanned() -> QuerySet[Hypervisor]:
    looks = LeakLook.objects.filter(cloud=OuterRef("cloud"), host=OuterRef("host"))
    known = Hypervisor.objects.filter(cloud__name__in=known_clouds())
    return known.filter(~Exists(looks))


def _plan(now: datetime) -> None:
    """Schedule scans for new hosts; delete scans and findings of removed hosts."""
    there = Hypervisor.objects.filter(cloud=OuterRef("cloud"), host=OuterRef("host"))
    for rows in (LeakLook.objects.all(), Leak.objects.all()):
        rows.filter(~Exists(there)).delete()
    hosts = sorted(set(_unplanned().values_list("cloud_id", "host")))
    LeakLook.objects.bulk_create(
        (
            LeakLook(cloud_id=cloud, host=host, due_at=now + number * APART)
            for number, (cloud, host) in enumerate(hosts)
        ),
        batch_size=500,
        ignore_conflicts=True,
    )

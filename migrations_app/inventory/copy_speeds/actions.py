"""Copy speeds between hosts: the action to measure, and queries."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import recorder
from migrations_app.errors import NovawebError, TooLate, Unfit
from migrations_app.integrations import clouds, connect
from migrations_app.models import Cloud, CopySpeed, Hypervisor


@dataclass(frozen=True, slots=True)
class Pair:
    """Known speeds of a pair of hosts; ``open`` is a running or queued measurement."""

    cloud: str
    source: str
    target: str
    latest: CopySpeed | None = None
    open: CopySpeed | None = None
    # The last measurement, when it came to nothing.
    failed: CopySpeed | None = None
    # Why it cannot be measured at all; empty: it can.
    never: str = ""


def ask(*, by: User, source: str, target: str, cloud: str | None = None) -> CopySpeed:
    """Queue a measurement of the copy speed between two hosts; return the row.

    It starts when no other measurement runs in that cloud. Raises NotAllowed; Unfit for
    unknown hosts, or without SSH access; TooLate if this pair is being measured
    already.
    """
    require(by, Verb.MEASURE)
    name = clouds.chosen(cloud)
    if never := why_never(name, source, target):
        raise Unfit(never)
    row = Cloud.objects.get_or_create(name=name)[0]
    asked = new(row, source, target, by=by.get_username(), now=timezone.now())
    try:
        with transaction.atomic():
            require_now(by, Verb.MEASURE)
            asked.save(force_insert=True)
            recorder.record(
                "speed.asked",
                by=by,
                about=recorder.CloudObject(cloud=name, source=source, target=target),
            )
    except IntegrityError as error:
        raise TooLate(
            f"The speed from {source} to {target} is being measured already: try"
            " again in a moment."
        ) from error
    return asked


def new(cloud: Cloud, source: str, target: str, *, by: str, now: datetime) -> CopySpeed:
    """Return an unsaved, requested measurement."""
    return CopySpeed(
        cloud=cloud,
        source=source,
        target=target,
        asked_by_name=by,
        asked_at=now,
        look_again_at=now,
        token=secrets.token_hex(4),
    )


def why_never(cloud: str, source: str, target: str) -> str:
    """Return why this pair cannot be measured; empty if it can."""
    if closed := why_closed(cloud):
        return closed
    if source == target:
        return "Choose two different hosts."
    there = Hypervisor.objects.filter(cloud__name=cloud, host__in=[source, target])
    missing = {source, target} - set(there.values_list("host", flat=True))
    for host in sorted(missing):
        return (
            f"No hypervisor {host[:100]} is known in {cloud}. Choose one from the list"
            " of hypervisors."
        )
    return ""


def why_closed(cloud: str) -> str:
    """Return why nothing can be measured in that cloud; empty if possible.

    Where only workers enter hosts, they say so when they begin to measure.
    """
    try:
        world = connect.world_for(cloud)
    except NovawebError as error:
        return error.sentence
    if world.hosts is not None or world.workers is not None:
        return ""
    return (
        f"novaweb has no SSH access to the hosts of {cloud}, so it cannot measure"
        " copy speeds: set NOVAWEB_SSH."
    )


def pair(cloud: str, source: str, target: str) -> Pair:
    """Return the data of the pair. Raises Unfit for an impossible host name."""
    if "\x00" in source + target:
        raise Unfit("No host has a name like that.")
    found = of_host(cloud, source).get(target)
    return found or Pair(cloud, source, target, never=why_never(cloud, source, target))


def of_host(cloud: str, source: str) -> dict[str, Pair]:
    """Return the data of all pairs with this source, by target."""
    rows = CopySpeed.objects.filter(cloud__name=cloud, source=source).order_by("-id")
    by_target: dict[str, list[CopySpeed]] = {}
    for row in rows:
        by_target.setdefault(row.target, []).append(row)
    return {
        target: Pair(
            cloud,
            source,
            target,
            latest=next((row for row in rows if row.latest), None),
            open=next((row for row in rows if row.at is None), None),
            failed=_failed(rows),
        )
        for target, rows in sorted(by_target.items())
    }


def _failed(rows: list[CopySpeed]) -> CopySpeed | None:
    last = next((row for row in rows if row.at is not None), None)
    return last if last is not None and last.trouble else None

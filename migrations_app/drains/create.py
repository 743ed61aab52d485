"""How a drain is requested: validation of the input, and the new row."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require_now
from migrations_app.drains.audit_entries import tell
from migrations_app.drains.planner.model import Limits
from migrations_app.errors import TooLate, Unfit
from migrations_app.models import Cloud, Drain, Hypervisor
from migrations_app.models.states import OPEN_DRAINS, Afterwards
from migrations_app.requests import inputs
from migrations_app.runs import wakeup

MOST_HOSTS, MOST = 50, 10_000


def create(
    *,
    by: User,
    cloud: str,
    hosts: list[str],
    reason: str,
    ticket: str,
    window: tuple[datetime | None, datetime | None],
    **wanted: Any,
) -> Drain:
    """Keep the drain, which is planned by itself then. Raises Unfit and TooLate."""
    now = timezone.now()
    reason, ticket = inputs.reason(reason), inputs.ticket(ticket)
    inputs.window(*window, now)
    drain = Drain(
        cloud=Cloud.objects.get_or_create(name=cloud)[0],
        hosts=hosts,
        reason=reason,
        ticket=ticket,
        window_start=window[0],
        window_end=window[1],
        token=secrets.token_hex(4),
        asked_by=by,
        asked_by_name=by.get_username(),
        asked_at=now,
        look_again_at=now,
        expires_at=window[1] or now + timedelta(days=settings.NOVAWEB_REQUEST_DAYS),
        **wanted,
    )
    with transaction.atomic():
        require_now(by, Verb.DRAIN)
        # takes the row's lock: of two that ask for one host the second finds the first
        Cloud.objects.filter(pk=drain.cloud_id).update(name=F("name"))
        others = Drain.objects.filter(cloud=drain.cloud_id, state__in=OPEN_DRAINS)
        for other in others:
            if shared := sorted(set(other.hosts) & set(hosts)):
                raise TooLate(
                    f"Drain {other.pk} ({other.state}) empties {', '.join(shared)}"
                    " already: withdraw or cancel it, or wait until it is over."
                )
        drain.save(force_insert=True)
        tell("drain.asked", drain, by=by, note=reason)
        wakeup.ring()
    return drain


def hosts(cloud: str, names: Collection[str], hint: str) -> list[str]:
    """Return the names of hosts that there are, each once, sorted."""
    if isinstance(names, str) or not all(isinstance(each, str) for each in names):
        raise Unfit("Hosts are a list of names.")
    wanted = sorted({name.strip() for name in names} - {""})
    if not wanted:
        raise Unfit(hint or "Name at least one target, or none to allow all.")
    if hint and len(wanted) > MOST_HOSTS:
        raise Unfit(f"One drain empties at most {MOST_HOSTS} hosts.")
    rows = Hypervisor.objects.filter(cloud__name=cloud, host__in=wanted)
    if unknown := sorted(set(wanted) - set(rows.values_list("host", flat=True))):
        raise Unfit(
            f"No hypervisor {unknown[0][:60]} is known here. Choose one from the list"
            " of hypervisors."
        )
    return wanted


def limits(given: Mapping[str, int]) -> dict[str, int]:
    """Return all limits: those given, and the usual ones."""
    known = {field.name for field in fields(Limits)}
    if unknown := sorted(set(given) - known):
        raise Unfit(f"There is no limit “{unknown[0][:60]}”; {', '.join(known)} are.")
    return {**asdict(Limits()), **{k: whole(v, k) for k, v in given.items()}}


def whole(value: Any, what: str) -> int:
    """Return the number, which is whole and not below nought."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        raise Unfit(f"{what} is a whole number from 0 (no limit) to {MOST}.")
    return value


def afterwards(value: str) -> str:
    """Return the final state of the hosts: keep or enable."""
    try:
        return Afterwards(value).value
    except ValueError:
        raise Unfit("afterwards is keep (disabled) or enable.") from None

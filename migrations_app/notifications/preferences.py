"""Notification settings of people and groups, and the actions to change them.

A person's own setting applies. Without one the groups' settings apply, the one that
sends most; without any, the default of the event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import Group, User
from django.db import transaction

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import recorder
from migrations_app.errors import Unfit
from migrations_app.models import Choice
from migrations_app.models.lookup import get_or_gone
from migrations_app.notifications.events import EVENTS, Channel, Event, Scope, default

Key = tuple[str, str]  # event and channel
GENEROUS = (Scope.ALL, Scope.MINE, Scope.NEVER)


@dataclass(slots=True)
class Chosen:
    """All settings, read by one query."""

    people: dict[int, dict[Key, Scope]] = field(default_factory=dict)
    groups: dict[int, dict[Key, Scope]] = field(default_factory=dict)

    def scope(
        self, event: Event, channel: Channel, *, person: int, groups: Iterable[int]
    ) -> Scope:
        """Return the person's scope for the event and channel."""
        key = (event.key, str(channel))
        own = self.people.get(person, {}).get(key)
        if own is not None:
            return own
        theirs = {self.groups.get(group, {}).get(key) for group in groups}
        for scope in GENEROUS:
            if scope in theirs:
                return scope
        return default(event, channel)


def read() -> Chosen:
    """Return all settings, by one query."""
    chosen = Chosen()
    for row in Choice.objects.all():
        if row.event not in EVENTS:
            continue
        kept = chosen.people if row.person_id else chosen.groups
        kept.setdefault(row.person_id or row.group_id or 0, {})[
            (row.event, row.channel)
        ] = Scope(row.scope)
    return chosen


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the form: an event and its settings by channel."""

    event: Event
    app: str
    mail: str
    app_default: Scope
    mail_default: Scope


def lines(*, person: User | None = None, group: Group | None = None) -> list[Line]:
    """Return the settings ("" if not set) and the effective defaults."""
    rows = Choice.objects.filter(person=person, group=group)
    own = {(row.event, row.channel): row.scope for row in rows}
    groups: list[int] = []
    everything = Chosen()
    if person is not None:
        groups = list(person.groups.values_list("pk", flat=True))
        everything = read()
        everything.people.clear()
    return [
        Line(
            event=event,
            app=own.get((event.key, "app"), ""),
            mail=own.get((event.key, "mail"), ""),
            app_default=everything.scope(event, Channel.APP, person=0, groups=groups),
            mail_default=everything.scope(event, Channel.MAIL, person=0, groups=groups),
        )
        for event in EVENTS.values()
    ]


def choose(*, by: User, wanted: Mapping[str, Mapping[str, str]]) -> None:
    """Set the person's settings: event -> channel -> scope.

    Missing or "" means: use the groups' settings and defaults. Raises Unfit.
    """
    require(by, Verb.SEE)
    rows = [Choice(person=by, **each) for each in _checked(wanted)]
    with transaction.atomic():
        require_now(by, Verb.SEE)
        Choice.objects.filter(person=by).delete()
        Choice.objects.bulk_create(rows)


def choose_for(
    group_id: int, *, by: User, wanted: Mapping[str, Mapping[str, str]]
) -> Group:
    """Set the group's settings; audited. Raises NotAllowed, Unfit."""
    require(by, Verb.WEBHOOKS)
    group = group_of(group_id)
    rows = [Choice(group=group, **each) for each in _checked(wanted)]
    with transaction.atomic():
        require_now(by, Verb.WEBHOOKS)
        Group.objects.select_for_update().filter(pk=group.pk).first()
        old = Choice.objects.filter(group=group)
        before = {f"{row.event} by {row.channel}": row.scope for row in old}
        after = {f"{row.event} by {row.channel}": row.scope for row in rows}
        if before == after:
            return group
        old.delete()
        Choice.objects.bulk_create(rows)
        recorder.record(
            "notices.chosen",
            by=by,
            note=f"for the group {group.name}",
            before=before,
            after=after,
        )
    return group


def group_of(group_id: int) -> Group:
    """Return the group. Raises Gone."""
    return get_or_gone(Group.objects.all(), group_id, "group")


def _checked(wanted: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    found = []
    for event, channels in wanted.items():
        if event not in EVENTS:
            raise Unfit(f"There is no event “{event[:40]}”; there are {_list(EVENTS)}.")
        for channel, scope in channels.items():
            if channel not in list(Channel):
                raise Unfit(
                    f"There is no channel “{channel[:40]}”; there are app, mail."
                )
            if scope and scope not in list(Scope):
                raise Unfit(f"“{scope[:40]}” is none of mine, all and never.")
            if scope:
                found.append({"event": event, "channel": channel, "scope": scope})
    return found


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)

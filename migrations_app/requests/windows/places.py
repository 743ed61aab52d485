"""Where a move is, or may be: hosts with their zones, as the inventory has them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from migrations_app.models import Hypervisor, MigrationRequest
from migrations_app.procedures.steps.disabled_reason import is_by_a_move
from migrations_app.requests.windows.calendar.scope import Choice, Spot, Where


class KnownHost(NamedTuple):
    """A host as the inventory knows it; ``zone`` is empty if that is not known."""

    cloud: str
    host: str
    zone: str
    enabled: bool
    disabled_reason: str

    @property
    def may_be_chosen(self) -> bool:
        """Whether the scheduler may choose it now, or in some seconds again."""
        return self.enabled or is_by_a_move(self.disabled_reason)


class KnownHosts:
    """The hosts of the inventory, as they were when first asked: one query."""

    def __init__(self) -> None:
        self._choices: dict[tuple[str, tuple[str, ...]], Choice] = {}

    @cached_property
    def all(self) -> list[KnownHost]:
        """All hosts of all clouds."""
        rows = Hypervisor.objects.order_by().values_list(
            "cloud__name", "host", "zone", "enabled", "disabled_reason"
        )
        return [KnownHost(*row) for row in rows]

    @cached_property
    def _of(self) -> dict[str, dict[str, KnownHost]]:
        found: dict[str, dict[str, KnownHost]] = {}
        for row in self.all:
            found.setdefault(row.cloud, {})[row.host] = row
        return found

    @cached_property
    def _names(self) -> tuple[frozenset[str], frozenset[str]]:
        return (
            frozenset(row.host for row in self.all),
            frozenset(row.zone for row in self.all),
        )

    def where(
        self, cloud: str, hosts: Iterable[str | None], *, any_target: bool = False
    ) -> Where:
        """Return the hosts with their zones, as ``where`` does."""
        names = [host for host in dict.fromkeys(hosts) if host]
        mine = self._of.get(cloud, {})
        zones = {name: mine[name].zone for name in names if name in mine}
        choice = self._choice(cloud, tuple(names)) if any_target else None
        return Where(cloud, _spots(names, zones), choice)

    def _choice(self, cloud: str, names: tuple[str, ...]) -> Choice:
        known = self._choices.get((cloud, names))
        if known is None:
            known = self._choices[(cloud, names)] = self._choice_beside(cloud, names)
        return known

    def _choice_beside(self, cloud: str, names: tuple[str, ...]) -> Choice:
        mine = self._of.get(cloud, {})
        others = [row for name, row in mine.items() if name not in names]
        if not others:  # the cloud was never read: whatever is named may be in it
            return Choice()
        zone_of = {row.host: row.zone for row in others if row.may_be_chosen}
        return Choice(zone_of, *self._names)


def where(
    cloud: str, hosts: Iterable[str | None], *, any_target: bool = False
) -> Where:
    """Return the hosts with their zones, as far as they are known.

    ``any_target``: Nova's scheduler is yet to choose a target, among the others that
    are enabled.
    """
    if any_target:
        return KnownHosts().where(cloud, hosts, any_target=True)
    names = [host for host in dict.fromkeys(hosts) if host]
    known = Hypervisor.objects.filter(cloud__name=cloud, host__in=names)
    return Where(cloud, _spots(names, dict(known.values_list("host", "zone"))))


def where_of(request: MigrationRequest) -> Where:
    """Return the source and target of the request, with their zones.

    A target that Nova's scheduler is yet to choose may be any.
    """
    return where(
        request.cloud.name,
        [request.source, request.target],
        any_target=not request.target,
    )


def _spots(names: Iterable[str], zones: dict[str, str]) -> tuple[Spot, ...]:
    return tuple(Spot(zones.get(name, ""), name) for name in names)

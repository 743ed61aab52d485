"""The long lists of a real cloud: servers, server groups and moves, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from migrations_app.errors import Blocked, Conflict
from migrations_app.integrations.adapters.openstack import http_errors, listed, parsing
from migrations_app.integrations.adapters.openstack.session import Wire
from migrations_app.integrations.interfaces import Migration, Server, ServerGroup

# Each page of servers makes Nova ask Neutron for security groups: a large one takes
# seconds.
SERVERS = 500
PAGE = 1000
FORGOTTEN = timedelta(days=1)
# The last microversion without pinned zones.
UNPINNED = (2, 95)
# Every status that nova/compute/manager.py and nova/virt/libvirt give a record that is
# not over; the API filters by one at a time.
UNFINISHED = (
    *("accepted", "queued", "preparing", "running", "running (post-copy)"),
    *("pre-migrating", "migrating", "post-migrating", "finished"),
    *("confirming", "reverting"),
)


class Listing:
    """One part of ``interfaces.Cloud``; see there for what each method says."""

    name: str
    _wire: Wire

    def servers(
        self, *, changes_since: datetime | None = None, host: str | None = None
    ) -> Iterator[Server]:
        params = {"all_tenants": "1", "limit": str(SERVERS)}
        if changes_since is not None:
            params["changes-since"] = _written(changes_since)
        if host is not None:
            params["host"] = host
        # the next page is on its way while this one is used
        with ThreadPoolExecutor(1, thread_name_prefix="servers") as ahead:
            coming: Future[Any] | None = ahead.submit(self._page, params)
            while coming is not None:
                page = coming.result()
                coming = None
                with http_errors.sense(self.name, "compute"):
                    found = page["servers"]
                    if found and parsing.has_next(page, "servers"):
                        following = {**params, "marker": found[-1]["id"]}
                        coming = ahead.submit(self._page, following)
                    made = [listed.server(it) for it in found]
                del page, found
                yield from made

    def groups(self) -> list[ServerGroup]:
        found: dict[str, ServerGroup] = {}
        params = {"all_projects": "True", "limit": str(PAGE)}
        offset = 0
        with http_errors.sense(self.name, "compute"):
            while True:  # these have no links to the next page
                answer = self._wire.ask(
                    *("compute", "GET", "/os-server-groups"),
                    params={**params, "offset": str(offset)},
                )
                page = answer["server_groups"]
                if not page:
                    return list(found.values())
                found.update((it["id"], parsing.group(it, {})) for it in page)
                offset += len(page)

    def moves(self, *, since: datetime | None = None) -> list[Migration]:
        if since is None:
            asked = [{"status": status} for status in UNFINISHED]
        else:
            asked = [{"changes-since": _written(since)}]
        with http_errors.sense(self.name, "compute"):
            made = {
                it["uuid"]: parsing.migration(it)
                for params in asked
                for it in self._records(params)
            }
        newest = sorted(made.values(), key=lambda it: (it.created_at, it.id))
        return newest[::-1]

    def under_way(self) -> list[Migration]:
        touched = self.moves(since=datetime.now(UTC) - FORGOTTEN)
        return [each for each in touched if not each.over]

    def _records(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        params, more = {**asked, "limit": str(PAGE)}, True
        while more:
            page = self._wire.ask("compute", "GET", "/os-migrations", params=params)
            found += page["migrations"]
            more = bool(page["migrations"]) and parsing.has_next(page, "migrations")
            params = {**params, "marker": found[-1]["uuid"]} if found else params
        return found

    def _page(self, params: dict[str, str]) -> Any:
        """Return a page of servers; one that Nova breaks at, without pinned zones.

        From 2.96 on Nova 29.0 to 29.2, 30.0 and 31.0.0 answer 500 for a page on which
        one server has no RequestSpec (bug 2095364, mended in 29.3, 30.1 and 31.0.1).
        """
        asked = ("compute", "GET", "/servers/detail")
        try:
            try:
                return self._wire.ask(*asked, params=params)
            except http_errors.Broken:
                if self._wire.newest_compute() <= UNPINNED:
                    raise
                return self._wire.ask(*asked, params=params, microversion=UNPINNED)
        except Blocked as error:
            if "marker" not in params:
                raise
            raise Conflict(
                "The list of instances changed while it was read: look again."
            ) from error


def _written(time: datetime) -> str:
    """Return a time as Nova's filters take it: UTC, to the second."""
    return time.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()

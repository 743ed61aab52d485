"""What hosts have and what is taken, from placement.

Placement has no call that tells the inventories or the usages of many providers
(placement/handlers). But the summaries of an allocation_candidates answer hold
capacity and usage of all classes for every provider that has room left: one request
for a thousand hosts. Inventories (total, reserved, ratio) hardly ever change; each is
read once, and again when the capacity that follows from it is no longer right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import quote

from migrations_app.errors import Blocked, Conflict, Gone
from migrations_app.integrations.adapters.openstack.session import Wire
from migrations_app.integrations.interfaces import MEMORY_MB, Stock

AT_ONCE = 8
T = TypeVar("T")


class Placement:
    """Placement of one cloud. Providers are named by their UUIDs."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._inventories: dict[str, dict[str, Any]] = {}

    def stocks(self, providers: list[str]) -> dict[str, dict[str, Stock]]:
        """Return what each provider has; nothing for one that is not known."""
        summaries = self._get(
            "/allocation_candidates", params={"resources": f"{MEMORY_MB}:1"}
        )["provider_summaries"]
        used = {
            provider: {name: it["used"] for name, it in summary["resources"].items()}
            for provider, summary in summaries.items()
        }
        # Full ones are not among the candidates.
        full = [provider for provider in providers if provider not in used]
        used.update(self._each(self._usages, full))
        stale = [
            provider
            for provider in providers
            if provider not in self._inventories
            or not self._agree(provider, summaries.get(provider))
        ]
        self._inventories.update(self._each(self._inventory, stale))
        return {
            provider: {
                name: _stock(it, used[provider].get(name, 0))
                for name, it in self._inventories[provider].items()
            }
            for provider in providers
        }

    def allocations(self, consumer: str) -> dict[str, dict[str, int]]:
        """Return what a consumer holds: provider -> resource class -> amount."""
        held = self._get(f"/allocations/{quote(consumer, safe='')}")["allocations"]
        return {provider: dict(it["resources"]) for provider, it in held.items()}

    def consumers(self, root: str) -> dict[str, dict[str, int]]:
        """Return who holds what of a provider and of all below it."""
        answer = self._get("/resource_providers", params={"in_tree": root})
        tree = [str(it["uuid"]) for it in answer["resource_providers"]]
        found: dict[str, dict[str, int]] = {}
        for held in self._each(self._holders, tree).values():
            for consumer, it in held.items():
                share = found.setdefault(consumer, {})
                for name, amount in it["resources"].items():
                    share[name] = share.get(name, 0) + amount
        return found

    def charge(
        self,
        consumer: str,
        shares: dict[str, dict[str, int]],
        *,
        owner: Callable[[], dict[str, str]],
    ) -> None:
        """Replace what a consumer holds, unless somebody else did so meanwhile.

        ``owner`` is asked for its project_id and user_id when it holds nothing: of such
        a consumer placement says nothing but that (up to 16.0.0 at least).
        Raises Blocked when a provider has no room (409 without the code
        placement.concurrent_update), Conflict when the consumer has changed.
        """
        path = f"/allocations/{quote(consumer, safe='')}"
        held = self._get(path)
        if not held["allocations"]:
            held = {**owner(), "consumer_generation": None, **held}
        body = {
            "allocations": {key: {"resources": it} for key, it in shares.items()},
            "project_id": held["project_id"],
            "user_id": held["user_id"],
            "consumer_generation": held["consumer_generation"],
        }
        try:
            self._wire.ask("placement", "PUT", path, json=body)
        except Conflict as error:
            if "Unable to allocate inventory" in error.sentence:
                raise Blocked(error.sentence) from error
            raise

    def root(self, provider: str) -> tuple[str, str]:
        """Return a provider's root (its compute node), and its own name."""
        it = self._get(f"/resource_providers/{provider}")
        return str(it["root_provider_uuid"]), str(it["name"])

    def fits(self, provider: str, resources: dict[str, int], traits: list[str]) -> bool:
        """Return whether the amounts may be allocated there, it being enabled.

        ``traits`` it must have, or must not where they begin with "!".
        """
        wanted = ",".join(f"{name}:{amount}" for name, amount in resources.items())
        return bool(
            self._get(
                "/allocation_candidates",
                params={
                    "resources": wanted,
                    "in_tree": provider,
                    "required": ",".join(["!COMPUTE_STATUS_DISABLED", *traits]),
                    "limit": 1,
                },
            )["allocation_requests"]
        )

    def hidden(self) -> list[str]:
        """Return the providers that the scheduler is not offered."""
        params = {"required": "COMPUTE_STATUS_DISABLED"}
        found = self._get("/resource_providers", params=params)["resource_providers"]
        return [str(it["uuid"]) for it in found]

    def _get(self, path: str, **options: Any) -> Any:
        gone = f"Cloud {self._wire.name} has no {path} in placement."
        return self._wire.ask("placement", "GET", path, gone=gone, **options)

    def _usages(self, provider: str) -> dict[str, int]:
        try:
            return dict(self._get(f"/resource_providers/{provider}/usages")["usages"])
        except Gone:
            return {}

    def _holders(self, provider: str) -> dict[str, Any]:
        try:
            path = f"/resource_providers/{provider}/allocations"
            return dict(self._get(path)["allocations"])
        except Gone:
            return {}

    def _inventory(self, provider: str) -> dict[str, Any]:
        path = f"/resource_providers/{provider}/inventories"
        try:
            return dict(self._get(path)["inventories"])
        except Gone:
            return {}

    def _agree(self, provider: str, summary: dict[str, Any] | None) -> bool:
        if summary is None:
            return False
        known = self._inventories[provider]
        return summary["resources"].keys() == known.keys() and all(
            _stock(known[name], 0).capacity == it["capacity"]
            for name, it in summary["resources"].items()
        )

    @staticmethod
    def _each(ask: Callable[[str], T], providers: Iterable[str]) -> dict[str, T]:
        providers = list(providers)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(providers, pool.map(ask, providers), strict=True))


def _stock(inventory: dict[str, Any], used: int) -> Stock:
    return Stock(
        total=inventory["total"],
        reserved=inventory["reserved"],
        ratio=inventory["allocation_ratio"],
        used=used,
        max_unit=inventory["max_unit"],
    )

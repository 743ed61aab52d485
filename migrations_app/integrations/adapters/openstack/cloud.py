"""``interfaces.Cloud`` over a real cloud. See there for what each method says."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from migrations_app.errors import Blocked, Conflict, Gone, Refused
from migrations_app.integrations.adapters.openstack import http_errors, parsing
from migrations_app.integrations.adapters.openstack.account import SignedIn
from migrations_app.integrations.adapters.openstack.host_allocations import (
    OpenStackHostAllocations,
)
from migrations_app.integrations.adapters.openstack.hosts import ComputeHosts
from migrations_app.integrations.adapters.openstack.instance_details import Around
from migrations_app.integrations.adapters.openstack.listing import Listing
from migrations_app.integrations.adapters.openstack.manual_move import ByHand
from migrations_app.integrations.adapters.openstack.placement import Placement
from migrations_app.integrations.adapters.openstack.session import Wire
from migrations_app.integrations.interfaces import (
    Action,
    Hypervisor,
    Migration,
    Port,
    Progress,
    Project,
    Server,
    ServerGroup,
    Service,
)
from migrations_app.integrations.interfaces.resource_request import resource_request


class OpenStackCloud(ByHand, Around, Listing, OpenStackHostAllocations, SignedIn):
    """A cloud of clouds.yaml. Signs in at the first call; safe for threads."""

    at_once = 8  # below the 10 connections that requests keeps to a service

    def __init__(self, name: str, *, timeout: float = 30.0, crl: str = "") -> None:
        """Name the cloud; ``timeout`` is how long a service may take to answer.

        ``crl`` is a file of revoked certificates, or empty (``tls.py``).
        """
        self.name = name
        self._wire = Wire(name, timeout=timeout, crl=crl)
        self._placement = Placement(self._wire)
        self._hosts = ComputeHosts(self._wire, self._placement)

    def __repr__(self) -> str:
        return f"<OpenStackCloud {self.name}>"

    # -- looking -----------------------------------------------------------------
    def whoami(self) -> str:
        return self._wire.user_id()

    def credential_end(self) -> datetime | None:
        """Return when novaweb's application credential ends; None: never."""
        return self._wire.credential_end()

    def server(self, server_id: str) -> Server:
        with self._sense("compute"):
            return parsing.server(self._server(server_id))

    def services(self) -> list[Service]:
        with self._sense("compute"):
            return self._hosts.services()

    def all_services(self) -> list[Service]:
        with self._sense("compute"):
            found = self._hosts.services(binary=None)
            return sorted(found, key=lambda it: (it.binary, it.host))

    def service(self, host: str) -> Service:
        with self._sense("compute"):
            found = self._hosts.services(host=host)
        if not found:
            raise Gone(f"Cloud {self.name} has no nova-compute on {host} (any more).")
        return found[0]

    def hidden_hosts(self) -> frozenset[str]:
        with self._sense("placement"):
            hidden = self._placement.hidden()
            return frozenset(self._hosts.host_of(provider) for provider in hidden)

    def hypervisors(self) -> list[Hypervisor]:
        with self._sense("compute"):
            return self._hosts.hypervisors()

    def projects(self) -> list[Project]:
        try:
            with self._sense("identity"):
                answer = self._wire.ask("identity", "GET", "/projects")
                return [parsing.project(it) for it in answer["projects"]]
        except Refused:
            self.whoami()  # a wrong password is no reason to say “none”
            return []

    def group_of(self, server_id: str) -> ServerGroup | None:
        with self._sense("compute"):
            groups = self._server(server_id)["server_groups"]
            if not groups:
                return None
            path = f"/os-server-groups/{groups[0]}"
            gone = f"Server group {groups[0]} does not exist in cloud {self.name}."
            group = self._compute("GET", path, gone=gone)["server_group"]
            hosts = {}
            for member in group["members"]:
                if member != server_id:
                    with contextlib.suppress(Gone):
                        host = parsing.server(self._server(member)).host
                        hosts.update({member: host} if host else {})
            return parsing.group(group, hosts)

    def migrations(self, server_id: str) -> list[Migration]:
        with self._sense("compute"):
            answer = self._compute(
                "GET", "/os-migrations", params={"instance_uuid": server_id}
            )
            found = [parsing.migration(it) for it in answer["migrations"]]
            return sorted(found, key=lambda it: (it.created_at, it.id), reverse=True)

    def progress(self, server_id: str, migration_id: int) -> Progress | None:
        path = f"{_path(server_id)}/migrations/{migration_id}"
        try:
            with self._sense("compute"):
                return parsing.progress(self._compute("GET", path)["migration"])
        except Gone:
            return None

    def actions(self, server_id: str) -> list[Action]:
        path, gone = f"{_path(server_id)}/os-instance-actions", self._gone(server_id)
        with self._sense("compute"):
            answer = self._compute("GET", path, gone=gone)
            found = [parsing.action(it) for it in answer["instanceActions"]]
            return sorted(found, key=lambda it: it.started_at, reverse=True)

    def action(self, server_id: str, request_id: str) -> Action:
        path = f"{_path(server_id)}/os-instance-actions/{quote(request_id, safe='')}"
        gone = (
            f"Action {request_id} of instance {server_id} does not exist in cloud"
            f" {self.name}."
        )
        with self._sense("compute"):
            answer = self._compute("GET", path, gone=gone)
            return parsing.action(answer["instanceAction"])

    def allocations(self, consumer_id: str) -> dict[str, dict[str, int]]:
        held: dict[str, dict[str, int]] = defaultdict(dict)
        with self._sense("placement"):
            for provider, it in self._placement.allocations(consumer_id).items():
                share = held[self._hosts.host_of(provider)]
                for name, amount in it.items():
                    share[name] = share.get(name, 0) + amount
        return dict(held)

    def fits(self, server: Server, host: str) -> bool | None:
        # Nova tells none of the image's traits, and before 2.98 no property of it
        asked, told = server.asked, server.image_properties is not None
        image = self.image_at_boot(server)
        if image is not None:
            if told:
                image = {k: v for k, v in image.items() if k.startswith("trait:")}
            asked, told = replace(asked, image={**image, **asked.image}), True
        wanted = resource_request(asked)
        amounts = {
            name: amount
            for name, amount in wanted.amounts.items()
            if name not in wanted.grouped
        }
        certain, possible = wanted.required(self.release())
        with self._sense("placement"):
            provider = self._hosts.provider_of(host)
            if provider is None or not amounts:
                return None
            if not self._placement.fits(provider, amounts, certain):
                return False
            if wanted.unknown or not told:
                return None
            if possible == certain:
                return True
            return self._placement.fits(provider, amounts, possible) or None

    def ports(self, server_id: str) -> list[Port]:
        with self._sense("network"):
            answer = self._wire.ask(
                "network", "GET", "/ports", params={"device_id": server_id}
            )
            return [parsing.port(it) for it in answer["ports"]]

    # -- asking --------------------------------------------------------------------
    def live_migrate(
        self, server_id: str, *, host: str | None, block: bool | str = "auto"
    ) -> None:
        self._wire.freshen()
        body = {"host": host, "block_migration": block}
        self._act(server_id, {"os-migrateLive": body})

    def abort(self, server_id: str, migration_id: int) -> None:
        path = f"{_path(server_id)}/migrations/{migration_id}"
        with _too_late():
            self._compute("DELETE", path, gone=self._no_move(server_id, migration_id))

    def force_complete(self, server_id: str, migration_id: int) -> None:
        path = f"{_path(server_id)}/migrations/{migration_id}/action"
        gone = self._no_move(server_id, migration_id)
        try:
            with _too_late():
                self._compute("POST", path, gone=gone, json={"force_complete": None})
        except Blocked as error:
            # Here Nova says 400 where it says 404 to an abort.
            if "not found for instance" in error.sentence:
                raise Gone(gone) from error
            raise

    def migrate(self, server_id: str, *, host: str | None) -> None:
        self._wire.freshen()
        self._act(server_id, {"migrate": {"host": host} if host else None})

    def confirm(self, server_id: str) -> None:
        self._wire.freshen()
        with _too_late():
            self._act(server_id, {"confirmResize": None})

    def revert(self, server_id: str) -> None:
        self._wire.freshen()
        with _too_late():
            self._act(server_id, {"revertResize": None})

    def stop(self, server_id: str) -> None:
        self._act(server_id, {"os-stop": None})

    def start(self, server_id: str) -> None:
        self._act(server_id, {"os-start": None})

    def set_service(
        self, service_id: str, *, enabled: bool, reason: str | None = None
    ) -> None:
        body: dict[str, Any] = {"status": "enabled"}
        if not enabled:
            body = {"status": "disabled", "disabled_reason": reason or ""}
        gone = f"Service {service_id} does not exist in cloud {self.name}."
        path = f"/os-services/{quote(service_id, safe='')}"
        self._compute("PUT", path, gone=gone, json=body)

    # -- how it is asked ---------------------------------------------------------------
    def _compute(self, method: str, path: str, **options: Any) -> Any:
        return self._wire.ask("compute", method, path, **options)

    def _act(self, server_id: str, body: dict[str, Any]) -> None:
        path, gone = f"{_path(server_id)}/action", self._gone(server_id)
        self._compute("POST", path, gone=gone, json=body)

    def _server(self, server_id: str) -> dict[str, Any]:
        gone = self._gone(server_id)
        found = dict(self._compute("GET", _path(server_id), gone=gone)["server"])
        if str(found["id"]).lower() != server_id.lower():
            raise Blocked(
                f"Cloud {self.name} was asked for instance {server_id} and told of"
                " another one: look at what stands between novaweb and Nova."
            )
        return found

    def _gone(self, server_id: str) -> str:
        return f"Instance {server_id} does not exist in cloud {self.name} (any more)."

    def _no_move(self, server_id: str, migration_id: int) -> str:
        return (
            f"Migration {migration_id} of instance {server_id} does not exist in"
            f" cloud {self.name}."
        )

    def _sense(self, service: str) -> contextlib.AbstractContextManager[None]:
        return http_errors.sense(self.name, service)


def _path(server_id: str) -> str:
    return f"/servers/{quote(server_id, safe='')}"


@contextlib.contextmanager
def _too_late() -> Iterator[None]:
    """Let Nova's 400 for a move that is in another state be the Conflict that it is."""
    try:
        yield
    except Gone:
        raise
    except Blocked as error:
        if any(
            said in error.sentence
            for said in ("is in this state", "has not been resized")
        ):
            raise Conflict(error.sentence) from error
        raise

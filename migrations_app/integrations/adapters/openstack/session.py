"""Signing in to one cloud, and one HTTP request at a time."""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import openstack.config
import yaml
from keystoneauth1 import exceptions as ksa
from keystoneauth1.adapter import Adapter
from keystoneauth1.identity.base import BaseIdentityPlugin
from keystoneauth1.session import Session, TCPKeepAliveAdapter
from openstack.config.cloud_region import CloudRegion
from openstack.exceptions import ConfigException

from migrations_app.errors import Gone, Refused
from migrations_app.integrations.adapters.openstack import http_errors
from migrations_app.integrations.adapters.openstack.credentials import (
    end_of,
    signed_in_by,
    who,
)
from migrations_app.integrations.interfaces.account import (
    COMPUTE,
    OLDEST_COMPUTE,
    PLACEMENT,
)
from migrations_app.integrations.tls import LooksIntoCrl

CONNECT_TIMEOUT = 5.0
VERSIONS = {"identity": "3", "network": "2", "image": "2", "block-storage": "3"}


_first = threading.Lock()  # held while a cloud's connections are looked up or made


def _after_fork() -> None:
    """Have a lock that is free: a thread that is not here may have held it."""
    global _first
    _first = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


class _Connections(LooksIntoCrl, TCPKeepAliveAdapter):
    """Those of keystoneauth, and none to whose certificate was revoked."""


def refuse_revoked(session: Session, crl: str) -> None:
    """Have the session look into that file. Raises Unreachable; empty: it does not."""
    if crl and session.verify is not False:
        session.session.mount("https://", _Connections(crl))


class Wire:
    """The connection to one cloud: made at the first request, safe for threads.

    After a fork a new one is made, because two processes must not share its sockets.
    """

    def __init__(self, name: str, *, timeout: float, crl: str = "") -> None:
        self.name = name
        self._crl = crl
        self._timeout = timeout
        self._process = 0
        self._region: CloudRegion
        self._session: Session
        self._adapters: dict[str, Adapter] = {}
        self._compute: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return f"<Wire to cloud {self.name}>"

    def ask(
        self,
        service: str,
        method: str,
        path: str,
        *,
        gone: str = "",
        microversion: tuple[int, int] = COMPUTE,
        **options: Any,
    ) -> Any:
        """Send one request, never twice; return the JSON of a good answer, else None.

        ``gone`` is the sentence of the Gone that a 404 becomes, ``microversion`` is
        of compute and the newest that may be spoken. Raises WorldErrors only.
        """
        adapter = self._adapter(service)
        with self._told(service):
            if service == "compute":
                version = min(microversion, self._newest(adapter))
                options["microversion"] = f"{version[0]}.{version[1]}"
            elif service == "placement":
                options["microversion"] = f"{PLACEMENT[0]}.{PLACEMENT[1]}"
            response = adapter.request(path, method, raise_exc=False, **options)
        try:
            body = response.json() if response.content else None
        except ValueError:
            body = None
            if response.ok and method == "GET":
                raise http_errors.strange(self.name, service) from None
        if response.status_code == 401:
            self._forget()
        if not response.ok:
            raise http_errors.error_for_status(
                self.name, service, response.status_code, body, gone
            )
        return body

    def newest_compute(self) -> tuple[int, int]:
        """Return the newest microversion that Nova's API speaks."""
        adapter = self._adapter("compute")
        with self._told("compute"):
            return self._newest(adapter)

    def newest_told(self, service: str) -> tuple[int, int] | None:
        """Return the newest microversion that the service names; None: it names none.

        Raises WorldErrors; Gone where the catalogue lists no such service.
        """
        if not self.has(service):
            raise Gone(f"Keystone's catalogue of cloud {self.name} has no {service}.")
        adapter = self._adapter(service)
        with self._told(service):
            data = adapter.get_endpoint_data()
        newest = data.max_microversion if data else None
        return (int(newest[0]), int(newest[1])) if newest else None

    def signed_in_as(self) -> tuple[str, str, tuple[str, ...]]:
        """Return our account, its project and its roles, signing in if need be."""
        self._adapter("identity")
        with self._told("identity"):
            return who(self._session)

    def has(self, service: str) -> bool:
        """Tell whether the catalogue lists the service."""
        adapter = self._adapter(service)
        if adapter.endpoint_override:
            return True
        with self._told(service):
            try:
                found = self._session.get_endpoint(
                    service_type=adapter.service_type,
                    interface=adapter.interface,
                    region_name=adapter.region_name,
                )
            except ksa.CatalogException:
                return False
            return found is not None

    def user_id(self) -> str:
        """Return the id of our account, signing in if need be."""
        self._adapter("identity")
        with self._told("identity"):
            return str(self._session.get_user_id())

    def credential_end(self) -> datetime | None:
        """Return when our application credential ends; None: it never does.

        Raises WorldErrors; a password, too, is None.
        """
        self._adapter("identity")
        with self._told("identity"):
            user, number = signed_in_by(self._session)
        if not number:
            return None
        body = self.ask(
            "identity", "GET", f"/users/{user}/application_credentials/{number}"
        )
        with self._told("identity"):
            return end_of(body)

    def freshen(self) -> None:
        """Sign in again when more than half of our token's life is over.

        Nova goes on with the token of the request until a move has ended, for
        Neutron, Cinder and Glance (nova doc, service-user-token): it must not get
        the tail of an old one.
        """
        self._adapter("identity")
        auth = self._session.auth
        if not isinstance(auth, BaseIdentityPlugin):
            return
        with self._told("identity"):
            access = auth.get_access(self._session)
            if access.expires and access.issued:
                half = (access.expires - access.issued).total_seconds() / 2
                if access.will_expire_soon(int(half)):
                    auth.invalidate()

    @contextlib.contextmanager
    def _told(self, service: str) -> Iterator[None]:
        """Tell in our errors what the libraries raise meanwhile."""
        try:
            yield
        except http_errors.TROUBLES as error:
            told = http_errors.error_for_exception(self.name, service, error)
            if isinstance(told, Refused):
                self._forget()
            raise told from error
        except http_errors.SHAPES as error:
            raise http_errors.strange(self.name, service) from error

    def _forget(self) -> None:
        """Read clouds.yaml again at the next request: it may have been corrected."""
        self._process = 0

    def _newest(self, adapter: Adapter) -> tuple[int, int]:
        """Return the newest compute microversion that the cloud speaks."""
        if self._compute is None:
            data = adapter.get_endpoint_data()
            newest = (data.max_microversion if data else None) or COMPUTE
            if newest < OLDEST_COMPUTE:
                raise Refused(
                    f"Nova of cloud {self.name} is too old: it speaks its API up to"
                    f" {newest[0]}.{newest[1]}, novaweb needs 2.71 (Stein, 2019)."
                )
            self._compute = int(newest[0]), int(newest[1])
        return self._compute

    def _adapter(self, service: str) -> Adapter:
        with _first:
            if self._process != os.getpid():
                self._region = self._sign_up()
                self._adapters = {}
                self._process = os.getpid()
            if service not in self._adapters:
                self._adapters[service] = Adapter(
                    self._session,
                    service_type=self._region.get_service_type(service),
                    interface=self._region.get_interface(service),
                    region_name=self._region.get_region_name(service),
                    endpoint_override=self._region.get_endpoint(service),
                    version=VERSIONS.get(service),
                    connect_retries=0,
                    status_code_retries=0,
                )
            return self._adapters[service]

    def _sign_up(self) -> CloudRegion:
        """Read clouds.yaml and prepare the session; nothing is sent yet."""
        try:
            with warnings.catch_warnings():
                # openstacksdk 4.22 warns of a setting that nobody made.
                warnings.simplefilter("ignore", PendingDeprecationWarning)
                region = openstack.config.get_cloud_region(
                    cloud=self.name, app_name="novaweb"
                )
                self._session = region.get_session()
            refuse_revoked(self._session, self._crl)
        except ConfigException as error:
            if "was not found" in str(error):
                raise http_errors.unknown(self.name) from error
            raise http_errors.unusable(self.name, error) from error
        except (
            *http_errors.TROUBLES,
            *http_errors.SHAPES,
            yaml.YAMLError,
        ) as error:
            raise http_errors.unusable(self.name, error) from error
        # One number would be used for both; an address where nobody is should not
        # take as long as a service that is busy.
        self._session.timeout = (CONNECT_TIMEOUT, self._timeout)  # type: ignore[assignment]
        return region

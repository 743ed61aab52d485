"""Keystone's door: whether a name and a secret are somebody's, and with which roles.

The cloud's entry in clouds.yaml says where Keystone is and how it is trusted; novaweb's
own account there has no part in it.
"""

from __future__ import annotations

import contextlib
import warnings

import openstack.config
import yaml
from keystoneauth1 import exceptions as ksa
from keystoneauth1.access import AccessInfoV3
from keystoneauth1.identity.v3 import ApplicationCredential, Password
from keystoneauth1.session import Session
from openstack.exceptions import ConfigException

from migrations_app.errors import Refused
from migrations_app.integrations.adapters.openstack import http_errors
from migrations_app.integrations.adapters.openstack.session import (
    CONNECT_TIMEOUT,
    refuse_revoked,
)
from migrations_app.integrations.interfaces.keystone import KeystonePerson

# Who signs in with an application credential types this and its id for the name.
CREDENTIAL = "application-credential:"
WRONG = (ksa.Unauthorized, ksa.Forbidden, ksa.BadRequest)
_Plugin = Password | ApplicationCredential


class KeystoneDoor:
    """``interfaces.Keystone`` of one cloud, for the users of one domain.

    Their roles are those in one project, whose name alone is not enough: domains have
    projects of the same name.
    """

    def __init__(
        self,
        cloud: str,
        *,
        domain: str,
        project: str,
        project_domain: str,
        timeout: float,
        crl: str = "",
    ) -> None:
        self.cloud = cloud
        self._domain = domain
        self._project = (project, project_domain)
        self._timeout = timeout
        self._crl = crl

    def look_up(self, name: str, secret: str) -> KeystonePerson | None:
        """Return who signs in so; see the interface."""
        if not name.removeprefix(CREDENTIAL):
            return None
        try:
            session, auth_url = self._way()
            program = name.startswith(CREDENTIAL)
            plugin = self._plugin(auth_url, name, secret)
            session.auth = plugin
            try:
                access = plugin.get_access(session)
            except WRONG:
                return None
            except ksa.NotFound:
                # of a credential that is no more, as it was seen: Keystone 30.0.0
                # (2026.2), auth/plugins/core.py: ApplicationCredentialNotFound
                if program:
                    return None
                raise
            self._throw_away(session, plugin.token_url, str(access.auth_token))
            return self._person(access, program=program)
        except http_errors.TROUBLES as error:
            raise http_errors.error_for_exception(
                self.cloud, "identity", error
            ) from error
        except http_errors.SHAPES as error:
            raise http_errors.strange(self.cloud, "identity") from error

    def _way(self) -> tuple[Session, str]:
        """Return a session of nobody, and Keystone's address."""
        try:
            with warnings.catch_warnings():
                # openstacksdk 4.22 warns of a setting that nobody made.
                warnings.simplefilter("ignore", PendingDeprecationWarning)
                region = openstack.config.get_cloud_region(
                    cloud=self.cloud, app_name="novaweb"
                )
                verify, cert = region.get_requests_verify_args()
                address = str(region.config["auth"]["auth_url"]).rstrip("/")
        except (ConfigException, yaml.YAMLError, KeyError) as error:
            raise http_errors.unusable(self.cloud, error) from error
        session = Session(verify=verify, cert=cert, redirect=False)
        refuse_revoked(session, self._crl)
        # see session.py: one number would be used for both
        session.timeout = (CONNECT_TIMEOUT, self._timeout)  # type: ignore[assignment]
        return session, address if address.endswith("/v3") else f"{address}/v3"

    def _plugin(self, auth_url: str, name: str, secret: str) -> _Plugin:
        if name.startswith(CREDENTIAL):
            # (it has a project, and takes none)
            return ApplicationCredential(
                auth_url,
                application_credential_id=name.removeprefix(CREDENTIAL),
                application_credential_secret=secret,
                reauthenticate=False,
            )
        project, project_domain = self._project
        return Password(
            auth_url,
            username=name,
            password=secret,
            user_domain_name=self._domain,
            project_name=project,
            project_domain_name=project_domain,
            reauthenticate=False,
        )

    def _person(self, access: object, *, program: bool) -> KeystonePerson | None:
        if not isinstance(access, AccessInfoV3) or not access.user_id:
            raise Refused(
                f"Keystone of cloud {self.cloud} does not speak version 3 of its API,"
                " so nobody can sign in by it."
            )
        there = (access.project_name, access.project_domain_name)
        if there != self._project or access.user_domain_name != self._domain:
            return None
        roles = frozenset(map(str, access.role_names or ()))
        who = str(access.user_id), str(access.username)
        # Keystone 30.0.0, common/render_token.py: there if the credential has some
        limited = bool(access.application_credential_access_rules)
        return KeystonePerson(*who, roles=roles, program=program, limited=limited)

    def _throw_away(self, session: Session, url: str, token: str) -> None:
        """Have Keystone forget the token; without that it ends by itself."""
        with contextlib.suppress(ksa.ClientException):
            headers = {"X-Subject-Token": token}
            session.delete(url, headers=headers, raise_exc=False)

"""What clouds.yaml lets novaweb sign in by: a password, or what ends by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from keystoneauth1.identity.base import BaseIdentityPlugin
from keystoneauth1.session import Session

from migrations_app.integrations.adapters.openstack.cloud_settings import region_of


def is_application_credential(name: str) -> bool:
    """Return whether the entry has one; nothing is asked. Raises Refused."""
    auth = dict(region_of(name).config.get("auth", {}))
    return any(key.startswith("application_credential_") for key in auth)


def signed_in_by(session: Session) -> tuple[str, str]:
    """Return the account, and by which application credential; empty: by none."""
    auth = session.auth
    if not isinstance(auth, BaseIdentityPlugin):
        return "", ""
    access = auth.get_access(session)
    number = getattr(access, "application_credential_id", None)
    return str(access.user_id), str(number or "")


def who(session: Session) -> tuple[str, str, tuple[str, ...]]:
    """Return the names of the account, its project and its roles, signing in.

    Empty where the way of signing in tells none.
    """
    auth = session.auth
    if not isinstance(auth, BaseIdentityPlugin):
        return "", "", ()
    access = auth.get_access(session)
    roles = tuple(sorted(map(str, access.role_names or ())))
    return str(access.username or ""), str(access.project_name or ""), roles


def end_of(body: Any) -> datetime | None:
    """Return when Keystone says that the credential ends; None: it does not end.

    Raises KeyError, TypeError and ValueError for an answer of another form.
    """
    at = body["application_credential"]["expires_at"]
    if at is None:
        return None
    found = datetime.fromisoformat(at)
    return found if found.tzinfo else found.replace(tzinfo=UTC)

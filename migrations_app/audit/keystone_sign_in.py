"""People sign in with what they have in Keystone, behind the throttle of all doors."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest

from migrations_app.access import passwords, sign_in_backend
from migrations_app.access.sign_in_backend import ThrottledBackend
from migrations_app.audit import external_accounts
from migrations_app.errors import NotAllowed, NovawebError
from migrations_app.integrations import connect
from migrations_app.integrations.interfaces.keystone import KeystonePerson

ACTOR = "Keystone"
FEWER = (
    "This application credential has fewer roles than its owner has here, who would"
    " lose the others by it. Make one with all of them."
)


LIMITED = (
    "This application credential is for some calls of OpenStack alone (it has access"
    " rules), and nobody has said that novaweb is one of them. Make one without."
)


class KeystoneBackend(ThrottledBackend):
    """Asks Keystone where no account here has that name and a password.

    So what opens an account here is never sent there. When Keystone cannot be asked,
    nobody is let in, and the door says why.
    """

    def look_at(
        self, request: HttpRequest | None, username: str, password: str
    ) -> User | None:
        """Return the account, made or changed as Keystone says; None: no such."""
        user = super().look_at(request, username, password)
        if user is not None or passwords.is_local(username) or not password:
            return user
        try:
            found = connect.keystone().look_up(username, password)
            if found is None:
                return None
            source, given = passwords.keystone_source(), _roles_of(found)
            now = external_accounts.roles_now(source=source, subject=found.user_id)
            if found.limited:
                raise NotAllowed(LIMITED)
            if found.program and not given >= now:
                raise NotAllowed(FEWER)
            user = external_accounts.settle(
                source=source,
                subject=found.user_id,
                name=found.name,
                roles=given,
                actor=ACTOR,
            )
            if found.program:
                sign_in_backend.is_program(user)
            return user
        except NovawebError as error:
            sign_in_backend.has_trouble(request, error)
            return None


def _roles_of(person: KeystonePerson) -> frozenset[str]:
    """Return the roles that the setting gives to those in Keystone."""
    given: dict[str, list[str]] = settings.NOVAWEB_KEYSTONE_ROLES
    return frozenset(role for each in person.roles for role in given.get(each, ()))

"""As whom novaweb is signed in, and what the services say that they speak."""

from __future__ import annotations

from migrations_app.integrations.adapters.openstack.session import Wire
from migrations_app.integrations.interfaces import Account


class SignedIn:
    """One part of ``interfaces.Cloud``; see there for what each method says."""

    name: str
    _wire: Wire

    def account(self) -> Account:
        return Account(*self._wire.signed_in_as())

    def newest(self, service: str) -> tuple[int, int] | None:
        return self._wire.newest_told(service)

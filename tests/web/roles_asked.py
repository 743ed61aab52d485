"""Every role at every address: one small site, asked without a browser's cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.core.handlers.base import BaseHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client, RequestFactory

from tests import factories
from tests.audit import rows
from tests.web import role_table
from tests.web.addresses import UUID, first_of, path_of

NAMES = ("requester", "approver", "operator", "auditor")
INACTIVE = "inactive"  # has every role, and was switched off while signed in


@dataclass
class Site:
    """The site: a cookie for each role, and the numbers of what there is."""

    people: dict[str, User]
    cookies: dict[str, str]
    numbers: Mapping[str, int]

    def __post_init__(self) -> None:
        """Load the middleware once: a test client does so for each of its own."""
        self._handler = BaseHandler()
        self._handler.load_middleware()
        self._requests = RequestFactory()

    def path(self, route: str) -> str:
        """Return an address of the route, of something that there is."""
        return path_of(route, self.numbers)

    def status(
        self,
        method: str,
        path: str,
        role: str,
        body: bytes | Mapping[str, str] = b"",
    ) -> int:
        """Return what the role gets; nothing that the request changes stays changed."""
        if method != "POST" and not isinstance(body, bytes):
            body = b""
        if isinstance(body, bytes):
            kind = "application/json" if body else "application/octet-stream"
            request = self._requests.generic(method, f"/{path}", body, kind)
        else:
            request = self._requests.post(f"/{path}", body)
        request.COOKIES[settings.SESSION_COOKIE_NAME] = self.cookies[role]
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        request_started.disconnect(close_old_connections)
        request_finished.disconnect(close_old_connections)
        try:
            with transaction.atomic():
                answer = self._handler.get_response(request)
                answer.close()
                transaction.set_rollback(True)
        finally:
            request_started.connect(close_old_connections)
            request_finished.connect(close_old_connections)
        return answer.status_code


def signed_in(user: User) -> str:
    """Return the cookie of a new session of that person."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def people() -> dict[str, User]:
    """Return somebody of each role of the table, by the role."""
    made = {role: factories.person(role, role) for role in NAMES}
    made["no role"] = factories.person("no role")
    made["staff"] = factories.person("staff", staff=True)
    made[INACTIVE] = factories.person(INACTIVE, *NAMES, staff=True)
    return made


def site() -> Site:
    """Return the site: an instance's move runs, so that much comes too late."""
    of = factories.instance(uuid=UUID)
    factories.hypervisor("compute-30")
    run = factories.run(of=factories.request(of=of, state="running"), lines=["One."])
    entry = factories.audit_entry()
    rows.saved_search(pk=entry.pk)
    numbers = {"runs": run.pk, "requests": run.request_id, "audit": entry.pk}
    numbers["policies"] = int(first_of("admin/migrations_app/approvalpolicy/"))
    everybody = people()
    cookies = {role: signed_in(user) for role, user in everybody.items()}
    User.objects.filter(pk=everybody[INACTIVE].pk).update(is_active=False)
    assert set(role_table.ROLES) <= {"anonymous", *cookies}
    return Site(everybody, {"anonymous": "", **cookies}, numbers)

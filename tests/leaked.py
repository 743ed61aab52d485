"""A leak as a row, for the tests of pages."""

from __future__ import annotations

from django.utils import timezone

from migrations_app.models import Cloud, Leak


def leak(host: str, kind: str = "port", *, of: Cloud) -> Leak:
    """Return a leak on the host, seen just now."""
    return Leak.objects.create(
        cloud=of,
        host=host,
        kind=kind,
        subject=f"{kind}-{host}",
        sentence=f"The {kind} of <b>web-1</b> is bound to {host}.",
        remedy="“openstack port set” binds it anew.",
        first_seen=timezone.now(),
        last_seen=timezone.now(),
    )

"""The names of the clouds that are configured, and their rows."""

from __future__ import annotations

from django.conf import settings

from migrations_app.errors import Unfit
from migrations_app.models import Cloud


def configured(name: str) -> str:
    """Return the name, which is that of a configured cloud. Raises Unfit."""
    if name not in settings.NOVAWEB_CLOUDS:
        known = ", ".join(settings.NOVAWEB_CLOUDS)
        raise Unfit(f"There is no cloud “{name}” here. Configured: {known}.")
    return name


def chosen(name: str | None) -> str:
    """Return the cloud that a person chose; the first, where they named none.

    Raises Unfit.
    """
    return configured(name or settings.NOVAWEB_CLOUDS[0])


def known_clouds() -> list[str]:
    """Return the names of the configured clouds; each has a row afterwards."""
    names: list[str] = list(settings.NOVAWEB_CLOUDS)
    there = set(Cloud.objects.filter(name__in=names).values_list("name", flat=True))
    missing = [Cloud(name=name) for name in names if name not in there]
    if missing:
        Cloud.objects.bulk_create(missing, ignore_conflicts=True)
    return names

"""The application's place in Django. Nothing happens at start but the checks."""

from __future__ import annotations

from django.apps import AppConfig


class MigrationsAppConfig(AppConfig):
    """novaweb's one Django app."""

    name = "migrations_app"
    verbose_name = "novaweb"

    def ready(self) -> None:
        """Register the system checks."""
        from migrations_app import checks  # noqa: F401 - needs loaded apps

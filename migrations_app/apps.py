"""Django app configuration of novaweb."""

from __future__ import annotations

from django.apps import AppConfig


class MigrationsAppConfig(AppConfig):
    """novaweb's one Django app."""

    name = "migrations_app"
    verbose_name = "novaweb"

    def ready(self) -> None:
        """Register the system checks, listen to who signs in, and bind RQ's hands."""
        from migrations_app.audit import account_changes, sign_ins  # noqa: F401
        from migrations_app.management import (  # noqa: F401
            checks,
            credential_checks,
            deployment_checks,
            entry_checks,
            neighbour_checks,
            redis_checks,
            setting_checks,
            sign_in_checks,
        )
        from migrations_app.notifications import checks as notification_checks  # noqa: F401
        from migrations_app.runs import queued_job

        queued_job.read_all_so()

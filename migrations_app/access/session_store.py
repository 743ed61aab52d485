"""Django's sessions in the database, in a table that says whose they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from migrations_app.access.sessions import Use
from migrations_app.models import Session


class SessionStore(DatabaseStore):
    """Sessions that end when they are not used, and at the latest after some hours."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return the table."""
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row, with what lists of sessions show."""
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]
        row.expire_date = self._ends_at(data)
        if use := Use.read(data):
            row.person_id = int(data[SESSION_KEY])
            row.began_at, row.used_at = use.began_at, use.used_at
            row.address, row.agent = use.address, use.agent
        return row

    def _ends_at(self, data: dict[str, Any]) -> datetime:
        if use := Use.read(data):
            return use.ends_at
        # one that somebody is signed in by and that has no beginning has no end either
        return timezone.now() if SESSION_KEY in data else self.get_expiry_date()

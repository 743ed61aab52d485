"""Rows of what belongs to the reading of the trail."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from migrations_app.models import SavedSearch
from tests import factories


def saved_search(name: str = "Holds", **fields: Any) -> SavedSearch:
    """Return a search of the audit trail that somebody shares with all."""
    if "owner" not in fields:
        fields["owner"] = factories.person("searcher", "auditor")
    values: dict[str, Any] = {
        "filters": {"verb": "run.held"},
        "shared": True,
        "owner_name": fields["owner"].get_username(),
        "made_at": timezone.now(),
        **fields,
    }
    return SavedSearch.objects.create(name=name, **values)

"""Template tag for the proof of the audit trail."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from django import template
from django.utils import timezone

from migrations_app.access import permissions
from migrations_app.access.permissions import Verb
from migrations_app.audit import signing
from migrations_app.models import AuditHead

register = template.Library()


@register.inclusion_tag("audit/_proof.html", takes_context=True)
def proof(context: dict[str, Any], filters: str) -> dict[str, Any]:
    """Show the status of the signatures and the export links.

    ``filters`` is the query string of the filters.
    """
    found = signing.standing(timezone.now())
    return {
        "filters": parse_qsl(filters),
        "head": AuditHead.objects.get(pk=1),
        "signed": found,
        "may_sign": found.state != "off"
        and not permissions.why_not(context["person"], Verb.SIGN),
        "csrf_token": context.get("csrf_token"),
    }

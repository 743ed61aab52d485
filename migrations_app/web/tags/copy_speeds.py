"""Template filters for copy speeds."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import template
from django.utils import timezone

from migrations_app import wording
from migrations_app.inventory.copy_speeds.actions import Pair

register = template.Library()


@register.filter
def mbit(value: int | None) -> str:
    """Return a speed of Mbit/s in the unit that suits it; None is not known."""
    return "not known" if value is None else wording.speed(value)


@register.filter
def basis(speed: dict[str, Any] | None) -> str:
    """Return the speed an estimate used, as a sentence; empty if unknown."""
    if not speed:
        return ""
    amount = mbit(speed["mbit"])
    if not speed["measured_at"]:
        return f"Assumed: {amount} between the hosts; not measured."
    at = datetime.fromisoformat(speed["measured_at"])
    ago = wording.ago(timezone.now() - at)
    return f"Measured {ago}: {amount} from {speed['source']} to {speed['target']}."


@register.simple_tag
def pair_query(pair: Pair) -> str:
    """Return the pair as a query string."""
    return urlencode(
        {"cloud": pair.cloud, "source": pair.source, "target": pair.target}
    )

"""Copy speeds in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import template
from django.utils import timezone

from migrations_app.inventory.copy_speeds.actions import Pair

register = template.Library()


@register.filter
def mbit(value: int | None) -> str:
    """Return a speed as people say it: 940 Mbit/s, 9.4 Gbit/s."""
    if value is None:
        return "not known"
    return f"{value} Mbit/s" if value < 1000 else f"{value / 1000:.3g} Gbit/s"


@register.filter
def basis(speed: dict[str, Any] | None) -> str:
    """Return what an estimate was made with, as a sentence; empty if it is not said."""
    if not speed:
        return ""
    amount = mbit(speed["mbit"])
    if not speed["measured_at"]:
        return f"Assumed: {amount} from host to host; nothing was measured there."
    at = datetime.fromisoformat(speed["measured_at"])
    return (
        f"Measured {ago(timezone.now() - at)}: {amount} from {speed['source']} to"
        f" {speed['target']}."
    )


def ago(span: timedelta) -> str:
    """Return how long ago something was, in its greatest unit."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


@register.simple_tag
def pair_query(pair: Pair) -> str:
    """Return the pair as the query of an address."""
    return urlencode(
        {"cloud": pair.cloud, "source": pair.source, "target": pair.target}
    )

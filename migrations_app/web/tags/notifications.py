"""Template tags for notifications and deliveries."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migrations_app.notifications.events import EVENTS
from migrations_app.web.tags.novaweb import icon

register = template.Library()
_STATES = {
    "waiting": ("hourglass", "info"),
    "delivered": ("circle-check", "good"),
    "given up": ("circle-x", "bad"),
    "dropped": ("circle-minus", "idle"),
}


@register.filter
def event_title(key: str) -> str:
    """Return the event's title, or the key if the event is unknown."""
    return EVENTS[key].title if key in EVENTS else key


@register.filter
def delivery_word(state: str) -> str:
    """Return the delivery's stored state as pages name it."""
    return "failed" if state == "given up" else state


@register.simple_tag
def delivery_state(value: str) -> SafeString:
    """Return the state of a delivery: icon, word and colour."""
    name, tone = _STATES.get(value, ("help-circle", "unknown"))
    return format_html(
        '<span class="chip chip-{}">{}{}</span>', tone, icon(name), delivery_word(value)
    )

"""Table of drains."""

from __future__ import annotations

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migrations_app.models import Drain
from migrations_app.web.lists import ATTRS
from migrations_app.web.tags.novaweb import state, when


class DrainTable(tables.Table):  # type: ignore[misc]
    """One drain per row, newest first."""

    hosts = tables.Column(verbose_name="Drain", empty_values=(), orderable=False)
    state = tables.Column(order_by=("state", "-id"))
    moved = tables.Column(empty_values=(), orderable=False)
    asked_by_name = tables.Column(verbose_name="Requested by", orderable=False)
    asked_at = tables.Column(verbose_name="Requested", order_by=("id",))
    ticket = tables.Column(orderable=False, default="—")

    # set by the view: drain -> (moved, all)
    counts: dict[int, tuple[int, int]] = {}

    class Meta:
        attrs = ATTRS
        order_by = "-asked_at"
        template_name = "parts/table.html"
        caption = "Drains"
        empty_text = "No drain matches. Remove a filter, or empty a host."

    def render_hosts(self, record: Drain) -> SafeString:
        """The number, and the hosts to empty."""
        place = reverse("drain", args=[record.pk])
        what = ", ".join(record.hosts) or f"reverse drain {record.back_of_id}"
        return format_html('<a href="{}">{} · {}</a>', place, record.pk, what)

    def render_state(self, record: Drain) -> SafeString:
        """The state."""
        return state(record.state)

    def render_moved(self, record: Drain) -> str:
        """The number of moved instances."""
        moved, of = self.counts.get(record.pk, (0, 0))
        of += len(record.stays)
        return f"{moved} of {of}" if of else "—"

    def render_asked_at(self, record: Drain) -> SafeString:
        """Time of the request."""
        return when(record.asked_at, "minute")

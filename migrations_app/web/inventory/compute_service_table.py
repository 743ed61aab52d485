"""Table of Nova services."""

from __future__ import annotations

from urllib.parse import urlencode

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migrations_app.integrations.interfaces import Service
from migrations_app.web.lists import ATTRS
from migrations_app.web.tags.novaweb import state, when


class ServiceTable(tables.Table):  # type: ignore[misc]
    """One service per row, in the columns of ``nova service-list``."""

    host = tables.Column(order_by=("host", "binary"))
    binary = tables.Column(order_by=("binary", "host"))
    zone = tables.Column(order_by=("zone", "host"))
    enabled = tables.Column(verbose_name="Status", order_by=("enabled", "host"))
    up = tables.Column(verbose_name="State", order_by=("up", "host"))
    updated_at = tables.Column(verbose_name="Last report")
    disabled_reason = tables.Column(verbose_name="Reason", default="—")
    change = tables.Column(empty_values=(), orderable=False)

    # set by the view
    cloud = ""

    class Meta:
        attrs = ATTRS
        order_by = ("binary", "host")
        template_name = "parts/table.html"
        caption = "Nova services"
        empty_text = "No service matches. Remove a filter."

    def render_enabled(self, record: Service) -> SafeString:
        """ "enabled" or "disabled", with the reason."""
        return state("enabled" if record.enabled else "disabled")

    def render_up(self, record: Service) -> SafeString:
        """ "up" or "down", and "forced down"."""
        fenced = state("forced_down") if record.forced_down else ""
        return format_html("{} {}", state("up" if record.up else "down"), fenced)

    def render_updated_at(self, record: Service) -> SafeString:
        """Time of the last report."""
        return when(record.updated_at)

    def render_change(self, record: Service) -> SafeString | str:
        """Link to the page that disables or enables a nova-compute."""
        if record.binary != "nova-compute":
            return ""
        place = f"{reverse('service', args=[record.id])}?{urlencode(self._query())}"
        word = "Disable" if record.enabled else "Enable"
        return format_html(
            '<a class="btn btn-sm" href="{}" aria-label="{} compute on {}">{}…</a>',
            *(place, word, record.host, word),
        )

    def _query(self) -> dict[str, str]:
        return {"cloud": self.cloud} if self.cloud else {}

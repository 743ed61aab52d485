"""The lists of requests and of audit entries."""

from __future__ import annotations

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migrations_app import audit
from migrations_app.models import AuditEntry, MigrationRequest
from migrations_app.tables.inventory import ATTRS
from migrations_app.templatetags.novaweb import icon, state, when


class RequestTable(tables.Table):  # type: ignore[misc]
    """One request a row, newest first."""

    instance_name = tables.Column(verbose_name="Request", orderable=False)
    state = tables.Column(order_by=("state", "-id"))
    way = tables.Column(empty_values=(), orderable=False)
    asked_by_name = tables.Column(verbose_name="Asked by", orderable=False)
    asked_at = tables.Column(verbose_name="Asked", order_by=("id",))
    ticket = tables.Column(orderable=False, default="—")

    class Meta:
        attrs = ATTRS
        order_by = "-asked_at"
        template_name = "tables/table.html"
        caption = "Requests"
        empty_text = "No request matches. Take a filter away, or ask for a move."

    def render_instance_name(self, record: MigrationRequest) -> SafeString:
        """Its number and the instance that it would move."""
        place = reverse("request", args=[record.pk])
        link = format_html(
            '<a href="{}">#{} {}</a>', place, record.pk, record.instance_name
        )
        if not record.drain_id:
            return link
        drain = reverse("drain", args=[record.drain_id])
        return format_html(
            '{}<div class="small">in <a href="{}">drain {}</a></div>',
            *(link, drain, record.drain_id),
        )

    def render_state(self, value: str, record: MigrationRequest) -> SafeString:
        """Where it stands."""
        return state(record.state)

    def render_way(self, record: MigrationRequest) -> SafeString:
        """From where to where, and how."""
        return format_html(
            "{} {} {} <span class='text-secondary'>{}</span>",
            record.source,
            icon("arrow-right", "to"),
            record.target or "scheduler’s choice",
            record.procedure.replace("_", " "),
        )

    def render_asked_at(self, record: MigrationRequest) -> SafeString:
        """When it was asked for."""
        return when(record.asked_at, "minute")


class AuditTable(tables.Table):  # type: ignore[misc]
    """One act a row, newest first; the sentence is the permalink."""

    sentence = tables.Column(empty_values=(), orderable=False, verbose_name="What")
    at = tables.Column(orderable=False, verbose_name="When")
    actor_name = tables.Column(verbose_name="Who", orderable=False)
    way = tables.Column(empty_values=(), orderable=False, verbose_name="From and to")
    ticket = tables.Column(orderable=False, default="—")
    note = tables.Column(orderable=False, default="—")

    class Meta:
        attrs = ATTRS
        template_name = "audit/table.html"
        caption = "Audit trail"
        empty_text = "No entry matches. Take a filter away."

    def render_sentence(self, record: AuditEntry) -> SafeString:
        """What was done, in words."""
        place = reverse("audit-entry", args=[record.pk])
        return format_html('<a href="{}">{}</a>', place, audit.sentence(record))

    def render_at(self, record: AuditEntry) -> SafeString:
        """When it was done."""
        return when(record.at)

    def render_way(self, record: AuditEntry) -> SafeString | str:
        """The hosts that it was about."""
        if not record.source:
            return "—"
        arrow = icon("arrow-right", "to")
        return format_html("{} {} {}", record.source, arrow, record.target or "?")

    def render_note(self, value: str) -> str:
        """The beginning of what the person wrote; the entry's page has all of it."""
        return value if len(value) <= 120 else f"{value[:119]}…"

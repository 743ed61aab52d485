"""The audit trail as a table, for a page."""

from __future__ import annotations

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migrations_app.audit import recorder
from migrations_app.models import AuditEntry
from migrations_app.web.lists import ATTRS
from migrations_app.web.tags.novaweb import icon, when
from migrations_app.web.tags.runs import entry_step


class AuditTable(tables.Table):  # type: ignore[misc]
    """One entry per row, newest first; the sentence links to the entry."""

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
        empty_text = "No entry matches. Remove a filter."

    def render_sentence(self, record: AuditEntry) -> SafeString:
        """The entry as a sentence."""
        place = reverse("audit-entry", args=[record.pk])
        words = ": ".join(filter(None, (recorder.sentence(record), entry_step(record))))
        return format_html('<a href="{}">{}</a>', place, words)

    def render_at(self, record: AuditEntry) -> SafeString:
        """Time of the entry."""
        return when(record.at)

    def render_way(self, record: AuditEntry) -> SafeString | str:
        """The hosts of the entry."""
        if not record.source:
            return "—"
        if not record.target and record.request_number is None:
            return record.source  # about a host, or a drain of some: nothing moves
        arrow = icon("arrow-right", "to")
        target = record.target or "chosen by the scheduler"
        return format_html("{} {} {}", record.source, arrow, target)

    def render_note(self, value: str) -> str:
        """The beginning of the note."""
        return value if len(value) <= 120 else f"{value[:119]}…"

"""Tables of requests and of audit entries."""

from __future__ import annotations

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migrations_app.models import MigrationRequest
from migrations_app.models.states import BEFORE_START
from migrations_app.web.lists import ATTRS
from migrations_app.web.tags.labels import procedure_name
from migrations_app.web.tags.novaweb import icon, state, when


class RequestTable(tables.Table):  # type: ignore[misc]
    """One request per row, newest first."""

    instance_name = tables.Column(verbose_name="Request", orderable=False)
    state = tables.Column(order_by=("state", "-id"))
    way = tables.Column(empty_values=(), orderable=False, verbose_name="Move")
    asked_by_name = tables.Column(verbose_name="Requested by", orderable=False)
    asked_at = tables.Column(verbose_name="Requested", order_by=("id",))
    ticket = tables.Column(orderable=False, default="—")

    # set by the view: whether the person may decide on requests, or withdraw some
    may_decide = False

    class Meta:
        attrs = ATTRS
        order_by = "-asked_at"
        template_name = "parts/table.html"
        caption = "Requests"
        empty_text = "No request matches. Remove a filter, or request a move."

    def render_instance_name(self, record: MigrationRequest) -> SafeString:
        """The number and the name of the instance."""
        place = reverse("request", args=[record.pk])
        link = format_html(
            '{}<a href="{}">#{} {}</a>',
            self._box(record),
            place,
            record.pk,
            record.instance_name,
        )
        if not record.drain_id:
            return link
        drain = reverse("drain", args=[record.drain_id])
        return format_html(
            '{}<div class="small">in <a href="{}">drain {}</a></div>',
            *(link, drain, record.drain_id),
        )

    def _box(self, record: MigrationRequest) -> SafeString | str:
        if not self.may_decide or record.drain_id or record.state not in BEFORE_START:
            return ""
        return format_html(
            '<input class="form-check-input" type="checkbox" name="request" value="{}"'
            ' form="picks" aria-label="Select #{} {}"> ',
            record.pk,
            record.pk,
            record.instance_name,
        )

    def render_state(self, value: str, record: MigrationRequest) -> SafeString:
        """The state."""
        return state(record.state)

    def render_way(self, record: MigrationRequest) -> SafeString:
        """Source, target and procedure."""
        return format_html(
            "{} {} {} <span class='text-secondary'>{}</span>",
            record.source,
            icon("arrow-right", "to"),
            record.target or "chosen by the scheduler",
            procedure_name(record.procedure),
        )

    def render_asked_at(self, record: MigrationRequest) -> SafeString:
        """Time of the request."""
        return when(record.asked_at, "minute")

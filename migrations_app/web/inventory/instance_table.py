"""Table of instances."""

from __future__ import annotations

from urllib.parse import urlencode

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migrations_app.models import Instance, MigrationRequest
from migrations_app.web.lists import ATTRS
from migrations_app.web.tags.novaweb import icon, state
from migrations_app.wording import mebibytes


def link_to_host(host: str) -> SafeString | str:
    """Return the host's name as a link to its page."""
    if not host:
        return "—"
    return format_html('<a href="{}">{}</a>', reverse("hypervisor", args=[host]), host)


class InstanceTable(tables.Table):  # type: ignore[misc]
    """One instance per row; its name links to its page."""

    name = tables.Column()
    status = tables.Column()
    host = tables.Column(order_by=("host", "name"))
    zone = tables.Column(orderable=False)
    project = tables.Column(
        accessor="project_name",
        verbose_name="Project",
        order_by=("project_id", "name"),
    )
    size = tables.Column(accessor="memory", verbose_name="Size", orderable=False)
    move = tables.Column(empty_values=(), orderable=False)

    # set by the view once the page's rows are known: one query for all of them
    open_requests: dict[str, MigrationRequest] = {}
    may_ask = False

    class Meta:
        attrs = ATTRS
        order_by = "name"
        template_name = "parts/table.html"
        caption = "Instances"
        empty_text = "No instance matches. Remove a filter."

    def render_name(self, record: Instance) -> SafeString:
        """A checkbox, the name, and the lock."""
        name = record.name or record.uuid
        return format_html(
            '<input class="form-check-input" type="checkbox" name="instance"'
            ' value="{}" form="picks" aria-label="Pick {}"> <a href="{}">{}</a> {}',
            record.uuid,
            name,
            reverse("instance", args=[record.uuid]),
            name,
            icon("lock", "locked") if record.locked else "",
        )

    def render_status(self, record: Instance) -> SafeString:
        """Nova's status and task state."""
        doing = record.task_state
        return format_html(
            "{}{}",
            state(record.status),
            format_html(' <span class="text-secondary">{}</span>', doing)
            if doing
            else "",
        )

    def render_host(self, value: str) -> SafeString | str:
        """The host."""
        return link_to_host(value)

    def render_project(self, record: Instance) -> str:
        """The project."""
        return record.project_name or record.project_id

    def render_size(self, record: Instance) -> SafeString:
        """The resources of the flavor."""
        return format_html(
            '<span title="{}">{} VCPU · {} · {} GiB</span>',
            record.flavor_name,
            record.vcpus,
            mebibytes(record.memory),
            record.disk,
        )

    def render_move(self, record: Instance) -> SafeString | str:
        """The open request, or the link to request a move for who may."""
        asked = self.open_requests.get(record.uuid)
        if asked is not None:
            place = reverse("request", args=[asked.pk])
            return format_html('<a href="{}">{}</a>', place, state(asked.state))
        if not self.may_ask:
            return "—"
        place = f"{reverse('ask')}?{urlencode({'instance': record.uuid})}"
        return format_html(
            (
                '<a class="btn btn-sm" href="{}" aria-label="Request a move of'
                ' {}">{}Move</a>'
            ),
            place,
            record.name,
            icon("arrow-right"),
        )

"""Filters of the list of stale resources."""

from __future__ import annotations

import django_filters

from migrations_app.models import Leak
from migrations_app.widgets import Form, hint


class LeakFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Filter by host, kind and cloud."""

    host = django_filters.CharFilter(label="Host", widget=hint("compute-30"))
    kind = django_filters.ChoiceFilter(
        label="Kind", choices=Leak.Kind.choices, empty_label="any"
    )
    cloud = django_filters.CharFilter(
        field_name="cloud__name", label="Cloud", widget=hint("name")
    )

    class Meta:
        form = Form
        model = Leak
        fields = ("host", "kind", "cloud")

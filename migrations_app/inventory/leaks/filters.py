"""What the list of leaks can be narrowed by."""

from __future__ import annotations

import django_filters

from migrations_app.models import Leak
from migrations_app.widgets import choice, text


class LeakFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Narrow by host, kind and cloud."""

    host = django_filters.CharFilter(label="Host", widget=text("compute-30"))
    kind = django_filters.ChoiceFilter(
        label="Kind", choices=Leak.Kind.choices, empty_label="any", widget=choice()
    )
    cloud = django_filters.CharFilter(
        field_name="cloud__name", label="Cloud", widget=text("name")
    )

    class Meta:
        model = Leak
        fields = ("host", "kind", "cloud")

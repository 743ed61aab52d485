"""Filters of the list of drains."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet

from migrations_app.drains import queries as drain_queries
from migrations_app.models import Drain
from migrations_app.models.states import OPEN_DRAINS, DrainState
from migrations_app.requests.filters import DecidedFilter
from migrations_app.widgets import Form, hint


class DrainFilter(DecidedFilter):
    """Filter by host, instance, ticket, state and owner."""

    open_states = OPEN_DRAINS

    q = django_filters.CharFilter(
        method="search", label="Search", widget=hint("host, instance or ticket")
    )
    state = django_filters.ChoiceFilter(
        method="in_state",
        label="State",
        choices=[("open", "open"), *DrainState.choices],
        empty_label="any",
    )

    class Meta:
        form = Form
        model = Drain
        fields = ("q", "state", "whose")

    def waiting(self) -> QuerySet[Drain]:
        """Return the drains that wait for the person's decision."""
        return drain_queries.waiting_for(self.person)

    def search(self, rows: QuerySet[Drain], name: str, value: str) -> QuerySet[Drain]:
        """Match a whole host or ticket, or a part of an instance's name."""
        value = value.strip()
        # JSON's own search is not in every database; a host's name has no quotes
        return rows.filter(
            Q(ticket=value)
            | Q(hosts__icontains=f'"{value}"')
            | Q(pk__in=drain_queries.moving(value).values("drain"))
        )

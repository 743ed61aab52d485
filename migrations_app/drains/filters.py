"""What the list of drains can be narrowed by."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet

from migrations_app.access.permissions import Person
from migrations_app.drains import queries as drains_seen
from migrations_app.models import Drain
from migrations_app.models.states import OPEN_DRAINS, DrainState
from migrations_app.widgets import Form, hint

WHOSE = (("mine", "asked by me"), ("waiting", "waiting for me"))


class DrainFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Search by host, instance or ticket; narrow by state and by whose it is."""

    q = django_filters.CharFilter(
        method="search", label="Search", widget=hint("host, instance or ticket")
    )
    state = django_filters.ChoiceFilter(
        method="in_state",
        label="State",
        choices=[("open", "open"), *DrainState.choices],
        empty_label="any",
    )
    whose = django_filters.ChoiceFilter(
        method="of_whom",
        label="Whose",
        choices=WHOSE,
        empty_label="everybody's",
    )

    class Meta:
        form = Form
        model = Drain
        fields = ("q", "state", "whose")

    def __init__(self, *args: object, person: Person, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def search(self, rows: QuerySet[Drain], name: str, value: str) -> QuerySet[Drain]:
        """A whole host or ticket; part of the name of an instance that it moves."""
        value = value.strip()
        # JSON's own search is not in every database; a host's name has no quotes
        return rows.filter(
            Q(ticket=value)
            | Q(hosts__icontains=f'"{value}"')
            | Q(pk__in=drains_seen.moving(value).values("drain"))
        )

    def in_state(self, rows: QuerySet[Drain], name: str, value: str) -> QuerySet[Drain]:
        """One state, or all those from which a drain can still go on."""
        return rows.filter(state__in=OPEN_DRAINS if value == "open" else [value])

    def of_whom(self, rows: QuerySet[Drain], name: str, value: str) -> QuerySet[Drain]:
        """What the person asked for, or what waits for their decision."""
        if value == "mine":
            return rows.filter(asked_by=self.person.id)
        return rows.filter(pk__in=drains_seen.waiting_for(self.person).values("pk"))

"""Filters of the list of requests."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

import django_filters
from django.db.models import Q, QuerySet

from migrations_app.access.permissions import Person
from migrations_app.models import MigrationRequest
from migrations_app.models.states import OPEN_REQUESTS, RequestState
from migrations_app.requests import queries as request_queries
from migrations_app.widgets import Form, hint

WHOSE = (("mine", "asked by me"), ("waiting", "waiting for me"))
DRAINS = (("without", "without their moves"), ("only", "their moves only"))


class DecidedFilter(django_filters.FilterSet):  # type: ignore[misc]
    """The filters that lists of requests and of drains share: state and owner.

    ``open_states`` are those that “open” stands for.
    """

    open_states: ClassVar[Collection[str]]

    whose = django_filters.ChoiceFilter(
        method="of_whom",
        label="Whose",
        choices=WHOSE,
        empty_label="everybody's",
    )

    def __init__(self, *args: object, person: Person, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def waiting(self) -> QuerySet[Any]:
        """Return the rows that wait for the person's decision."""
        raise NotImplementedError

    def in_state(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Match one state, or all open states."""
        return rows.filter(state__in=self.open_states if value == "open" else [value])

    def of_whom(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Match the person's own rows, or those that wait for their decision."""
        if value == "mine":
            return rows.filter(asked_by=self.person.id)
        return rows.filter(pk__in=self.waiting().values("pk"))


class RequestFilter(DecidedFilter):
    """Filter by instance, ticket, state and owner."""

    open_states = OPEN_REQUESTS

    q = django_filters.CharFilter(
        method="search", label="Search", widget=hint("instance, host or ticket")
    )
    state = django_filters.ChoiceFilter(
        method="in_state",
        label="State",
        choices=[("open", "open"), *RequestState.choices],
        empty_label="any",
    )
    drains = django_filters.ChoiceFilter(
        method="of_drains",
        label="Drains",
        choices=DRAINS,
        empty_label="with their moves",
    )

    class Meta:
        form = Form
        model = MigrationRequest
        fields = ("q", "state", "whose", "drains")

    def search(
        self, rows: QuerySet[MigrationRequest], name: str, value: str
    ) -> QuerySet[MigrationRequest]:
        """Match a part of an instance's name, or a whole UUID, host or ticket."""
        value = value.strip()
        return rows.filter(
            Q(instance_name__icontains=value)
            | Q(instance=value.lower())
            | Q(source=value)
            | Q(target=value)
            | Q(ticket=value)
        )

    def waiting(self) -> QuerySet[MigrationRequest]:
        """Return the requests that wait for the person's decision."""
        return request_queries.waiting_for(self.person)

    def of_drains(
        self, rows: QuerySet[MigrationRequest], name: str, value: str
    ) -> QuerySet[MigrationRequest]:
        """Match only moves of drains, or only other requests."""
        return rows.filter(drain__isnull=value == "without")

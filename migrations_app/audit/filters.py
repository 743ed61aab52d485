"""Filters of the audit trail, for pages and API."""

from __future__ import annotations

import django_filters
from django import forms
from django.db.models import QuerySet
from django.forms import NumberInput

from migrations_app.audit import search
from migrations_app.audit.recorder import VERBS
from migrations_app.audit.search import FAMILY
from migrations_app.audit.search_sql import Wanted
from migrations_app.models import AuditEntry
from migrations_app.widgets import Form, UtcMomentField, hint

_FAMILIES = sorted({verb.partition(".")[0] for verb in VERBS})
VERB_CHOICES = [
    *((f"{family}{FAMILY}", f"{family}: all") for family in _FAMILIES),
    *((verb, verb) for verb in sorted(VERBS)),
]


class RequestNumber(django_filters.NumberFilter):  # type: ignore[misc]
    """The number of a request."""

    field_class = forms.IntegerField

    def get_max_validator(self) -> None:
        """Return None: the field has its own maximum."""
        return


class UtcMoment(django_filters.DateTimeFilter):  # type: ignore[misc]
    """A moment in UTC."""

    field_class = UtcMomentField


class AuditFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Filter by instance, host, person, ticket, action, time and text."""

    q = django_filters.CharFilter(
        label="Text", widget=hint("in notes, names and facts")
    )
    instance = django_filters.CharFilter(label="Instance", widget=hint("name or UUID"))
    host = django_filters.CharFilter(label="Host", widget=hint("source or target"))
    actor = django_filters.CharFilter(label="Person", widget=hint("account name"))
    ticket = django_filters.CharFilter(label="Ticket", widget=hint("OPS-42"))
    request = RequestNumber(
        label="Request",
        min_value=1,
        max_value=2**63 - 1,
        widget=NumberInput(attrs={"placeholder": "number"}),
    )
    verb = django_filters.ChoiceFilter(
        label="Action", choices=VERB_CHOICES, empty_label="any"
    )
    since = UtcMoment(label="Since (UTC)")
    until = UtcMoment(label="Until (UTC)")

    class Meta:
        form = Form
        model = AuditEntry
        fields = (
            "q",
            "instance",
            "host",
            "actor",
            "ticket",
            "request",
            "verb",
            "since",
            "until",
        )

    @property
    def wanted(self) -> Wanted:
        """The search conditions; the whole trail if the filters are not valid."""
        given = self.form.cleaned_data if self.form.is_valid() else {}
        values = {name: given[name] for name in given if given[name] not in ("", None)}
        return Wanted(text=values.pop("q", ""), **values)

    def filter_queryset(self, rows: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Return the matching rows, for counts and exports."""
        return search.narrowed(rows, self.wanted)

"""Forms for approval policies, delegations and edits of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from migrations_app.requests.approvals import wording as approval_wording
from migrations_app.requests.approvals.rules import CONDITIONS, When
from migrations_app.requests.unmatched import AGREED
from migrations_app.widgets import Form, LongText, MomentField
from migrations_app.wording import LONGEST_TEXT


def _names(label: str) -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        label=label,
    )


def _number(label: str, hint: str = "", *, required: bool = False) -> Any:
    return forms.IntegerField(
        required=required,
        label=label,
        help_text=hint,
    )


class PolicyForm(Form):
    """Form of a policy; the action validates the content."""

    name = forms.CharField(max_length=100, label="Name")
    weight = _number(
        "Priority",
        (
            "Of the policies that match a move, the one with the highest priority"
            " applies."
        ),
        required=True,
    )
    stages = forms.CharField(
        max_length=LONGEST_TEXT,
        label="Who must approve",
        help_text="One stage per line, in order, for example: 2 of approver,"
        " change-board. The names are groups; their members also need the"
        " role approver.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    clouds = _names("Clouds")
    projects = _names("Projects (names or ids)")
    zones = _names("Zones of source or target")
    aggregates = _names("Aggregates of source or target")
    hosts = _names("Hosts, source or target")
    procedures = _names("Procedures")
    instances_at_least = _number(
        "Instances at least", "Number of instances under one approval."
    )
    window = forms.ChoiceField(
        choices=[
            (str(When.ANY), "at any time"),
            (str(When.INSIDE), "in a maintenance window"),
            (str(When.OUTSIDE), "outside of maintenance windows"),
        ],
        label="When it starts",
    )
    approval_hours = _number("An approval expires after (hours)", "Empty: never.")
    request_hours = _number(
        "A request expires after (hours)", "Empty: the site's default."
    )
    break_glass = forms.BooleanField(
        required=False,
        label="Operators may use an emergency start",
    )
    active = forms.BooleanField(
        required=False,
        label="Active",
    )
    unmatched = forms.BooleanField(required=False, label=AGREED)
    note = LongText(
        rows=2,
        label="Why",
        help_text="Auditors read it.",
        error_messages={"required": "Give a reason (auditors read it)."},
    )

    @property
    def what(self) -> list[forms.BoundField]:
        """The fields for name, priority and stages."""
        return [self[name] for name in ("name", "weight", "stages")]

    @property
    def about(self) -> list[forms.BoundField]:
        """The fields for the conditions."""
        return [self[name] for name in (*CONDITIONS, "instances_at_least", "window")]

    @property
    def limits(self) -> list[forms.BoundField]:
        """The fields for expiry times."""
        return [self[name] for name in ("approval_hours", "request_hours")]

    @property
    def switches(self) -> list[forms.BoundField]:
        """The checkboxes."""
        return [self[name] for name in ("break_glass", "active")]

    @property
    def rule(self) -> dict[str, Any]:
        """The rule as data. Raises Unfit for a line that is not a stage."""
        given = self.cleaned_data
        return {
            **{name: approval_wording.names(given[name]) for name in CONDITIONS},
            "stages": approval_wording.stages(given["stages"]),
            "instances_at_least": _or(given["instances_at_least"], 1),
            "window": given["window"],
            "approval_hours": given["approval_hours"],
            "request_hours": given["request_hours"],
            "break_glass": given["break_glass"],
        }


def policy_as_typed(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule as initial data of the form."""
    return {
        **rule,
        **{name: ", ".join(rule.get(name, [])) for name in CONDITIONS},
        "stages": "\n".join(
            f"{stage['approvers']} of {', '.join(stage['groups'])}"
            for stage in rule["stages"]
        ),
    }


class DelegationForm(Form):
    """Form of a delegation: delegate, period and reason."""

    to = forms.CharField(
        max_length=150,
        label="To",
        help_text="The name they sign in with.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    starts_at = MomentField(label="From")
    ends_at = MomentField(label="Until")
    reason = LongText(
        rows=2,
        label="Why",
        error_messages={"required": "Give a reason for the delegation."},
    )


def _unless_same(typed: Any, known: Any) -> Any:
    """Return the known time if the form's minutes are equal to it."""
    if typed and known and known.replace(second=0, microsecond=0) == typed:
        return known
    return typed


def _or(value: Any, other: Any) -> Any:
    return other if value is None else value

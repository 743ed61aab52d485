"""Asking for a move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms

from migrations_app.models import Hypervisor

PROCEDURES = (
    ("auto", "Whatever disturbs it least"),
    ("live", "Live: it goes on running"),
    ("cold", "Cold: it is shut down, moved and started"),
)
BLOCK_MIGRATION = (
    ("auto", "Nova finds out (recommended)"),
    ("yes", "copy local disks"),
    ("no", "the hosts share storage"),
)


class AskForm(forms.Form):
    """What is wanted; whether it can be done is the pre-flight's to say."""

    instance = forms.CharField(max_length=36)
    procedure = forms.ChoiceField(
        choices=PROCEDURES, initial="auto", widget=forms.RadioSelect
    )
    target = forms.CharField(required=False, max_length=255)
    reason = forms.CharField(
        max_length=4000,
        label="Reason",
        error_messages={"required": "Say why this instance is to be moved."},
        help_text="Whoever approves reads this, and so does an auditor in years.",
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control"}),
    )
    ticket = forms.CharField(
        required=False,
        max_length=100,
        label="Ticket",
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )
    window_start = forms.DateTimeField(required=False, label="Not before (UTC)")
    window_end = forms.DateTimeField(required=False, label="Not after (UTC)")
    block_migration = forms.ChoiceField(
        required=False, choices=BLOCK_MIGRATION, label="Local disks, in a live move"
    )
    deadline = forms.IntegerField(
        required=False,
        min_value=1,
        label="Give up after (minutes, in a live move)",
        widget=forms.NumberInput(
            attrs={"class": "form-control", "placeholder": "120", "min": 1}
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("window_start", "window_end"):
            self.fields[name].widget = forms.DateTimeInput(
                format="%Y-%m-%dT%H:%M",
                attrs={"type": "datetime-local", "class": "form-control"},
            )
        self.fields["block_migration"].widget.attrs["class"] = "form-select"

    @property
    def options(self) -> dict[str, Any]:
        """The options of the move that differ from what is usual."""
        chosen: dict[str, Any] = {}
        if (copy := self.cleaned_data["block_migration"]) in {"yes", "no"}:
            chosen["block_migration"] = copy == "yes"
        if deadline := self.cleaned_data["deadline"]:
            chosen["deadline"] = deadline
        return chosen


@dataclass(frozen=True)
class Target:
    """A host to choose, with what is free there; ``trouble`` says why one cannot."""

    host: Hypervisor
    trouble: str

    @property
    def vcpus(self) -> int:
        """VCPUs that may still be allocated."""
        return max(0, self.host.vcpus_capacity - self.host.vcpus_used)

    @property
    def memory(self) -> int:
        """MiB of memory that may still be allocated."""
        return max(0, self.host.memory_capacity - self.host.memory_used)

    @property
    def disk(self) -> int:
        """GiB of disk that may still be allocated."""
        return max(0, self.host.disk_capacity - self.host.disk_used)


def targets(hosts: Iterable[Hypervisor], zone: str) -> list[Target]:
    """Return the hosts to choose from: the instance's own zone first, most room first.

    Hosts that are down or disabled stay in the list, so that nobody looks for them in
    vain, but cannot be chosen.
    """
    choices = [Target(host, _trouble(host)) for host in hosts]
    choices.sort(
        key=lambda each: (
            bool(each.trouble),
            each.host.zone != zone,
            -each.memory,
            each.host.host,
        )
    )
    return choices


def _trouble(host: Hypervisor) -> str:
    if not host.up:
        return "down"
    if not host.enabled:
        return f"disabled: {host.disabled_reason}".strip(": ")
    return ""

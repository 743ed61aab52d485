"""Form to request a move."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.utils.html import escape
from django.utils.safestring import SafeString

from migrations_app.inventory.capacity import CLASSES
from migrations_app.models import Hypervisor, MigrationRequest
from migrations_app.widgets import Form, LongText, MomentField, hint
from migrations_app.wording import mebibytes

PROCEDURES = (
    ("auto", "Automatic: live or cold, whichever harms the guest least"),
    ("live", "Live: the guest keeps running"),
    ("cold", "Cold: the guest is shut down, moved and started"),
    (
        "cold_by_disabling",
        "Cold, forced target: like cold, with all other hosts disabled for some"
        " seconds. Meanwhile nobody in this cloud can start or move instances there."
        " Needs a target and two approvals.",
    ),
    (
        "manual",
        "Manual: the guest is shut down, its disk is copied over SSH, and Nova’s"
        " database is changed. Needs a target and two approvals.",
    ),
)
# how the form names what a request has among its options
_COPIED = {True: "yes", False: "no"}
BLOCK_MIGRATION = (
    ("auto", "let Nova decide (recommended)"),
    ("yes", "copy local disks"),
    ("no", "the hosts share storage"),
)

# the columns of a host that ``targets`` shows
SHOWN = (
    *("host", "zone", "up", "enabled", "disabled_reason"),
    *(
        f"{name}_{part}"
        for name in CLASSES
        for part in ("total", "reserved", "ratio", "used")
    ),
)


class AskForm(Form):
    """Form of a request; the pre-flight decides whether the move is possible."""

    instance = forms.CharField(max_length=36)
    procedure = forms.ChoiceField(
        choices=PROCEDURES, initial="auto", widget=forms.RadioSelect
    )
    target = forms.CharField(required=False, max_length=255)
    reason = LongText(
        label="Reason",
        error_messages={"required": "Give a reason for the move."},
        help_text="Approvers and auditors read this.",
    )
    ticket = forms.CharField(
        required=False,
        max_length=100,
        label="Ticket",
    )
    opening = forms.CharField(required=False, max_length=80)
    window_start = MomentField(required=False, label="Not before")
    window_end = MomentField(required=False, label="Not after")
    block_migration = forms.ChoiceField(
        required=False, choices=BLOCK_MIGRATION, label="Local disks (live only)"
    )
    deadline = forms.IntegerField(
        required=False,
        min_value=1,
        label="Abort after (minutes, live only)",
        widget=forms.NumberInput(attrs={"placeholder": "by its size"}),
    )
    probe = forms.CharField(
        required=False,
        max_length=80,
        label="Probe the guest during the move",
        help_text="icmp:ADDRESS or tcp:ADDRESS:PORT of the instance. novaweb probes"
        " it every 200 ms and shows for how long it did not answer.",
        widget=hint("tcp:192.0.2.10:22"),
    )

    @classmethod
    def filled_in(cls, row: MigrationRequest) -> AskForm:
        """Return the form with what was requested before, but for its times."""
        copied = row.options.get("block_migration", "auto")
        return cls(
            initial={
                "instance": row.instance,
                "procedure": row.asked_procedure,
                # the adviser chooses anew
                "target": "" if row.asked_procedure == "auto" else row.target or "",
                "reason": row.reason,
                "ticket": row.ticket,
                "block_migration": _COPIED.get(copied, "auto"),
                "deadline": row.options.get("deadline"),
                "probe": row.options.get("probe", ""),
            }
        )

    @property
    def window(self) -> tuple[datetime | None, datetime | None]:
        """The times entered, otherwise the window selected from the list.

        Each value is None if missing or not valid.
        """
        given = self.cleaned_data
        typed = given.get("window_start"), given.get("window_end")
        first, _, last = given.get("opening", "").partition("/")
        if any(typed) or not last:
            return typed
        try:
            return datetime.fromisoformat(first), datetime.fromisoformat(last)
        except ValueError:
            return typed

    @property
    def options(self) -> dict[str, Any]:
        """The options that differ from the defaults."""
        chosen: dict[str, Any] = {}
        if (copy := self.cleaned_data["block_migration"]) in {"yes", "no"}:
            chosen["block_migration"] = copy == "yes"
        if deadline := self.cleaned_data["deadline"]:
            chosen["deadline"] = deadline
        if probe := self.cleaned_data["probe"].strip():
            chosen["probe"] = probe
        return chosen


def targets(hosts: Iterable[Hypervisor], zone: str, chosen: str) -> SafeString:
    """Return the hosts as options, with their free capacity.

    Hosts in the instance's zone come first, then those with most free memory. Hosts
    that are down or disabled are listed but cannot be selected. Not a template, because
    a cloud can have a thousand hosts.
    """
    choices = sorted(
        hosts,
        key=lambda host: (
            not (host.up and host.enabled),
            host.zone != zone,
            host.memory_used - host.memory_capacity,
            host.host,
        ),
    )
    return SafeString("".join(_option(host, chosen) for host in choices))


def _option(host: Hypervisor, chosen: str) -> str:
    marks = " selected" if host.host == chosen else ""
    marks += " disabled" if _trouble(host) else ""
    # not format_html, which takes three times as long
    return f'<option value="{escape(host.host)}"{marks}>{escape(_words(host))}</option>'


def _trouble(host: Hypervisor) -> str:
    if not host.up:
        return "down"
    if not host.enabled:
        return f"disabled: {host.disabled_reason}".strip(": ")
    return ""


def _words(host: Hypervisor) -> str:
    if trouble := _trouble(host):
        return f"{host.host} · {host.zone} · {trouble}"
    vcpus = max(0, host.vcpus_capacity - host.vcpus_used)
    memory = mebibytes(max(0, host.memory_capacity - host.memory_used))
    disk = max(0, host.disk_capacity - host.disk_used)
    cpus = f"{vcpus} VCPU"
    if host.pcpus_total:
        cpus += f", {max(0, host.pcpus_capacity - host.pcpus_used)} dedicated CPU"
    free = f"free: {cpus}, {memory}, {disk} GiB"
    return f"{host.host} · {host.zone} · {free}"

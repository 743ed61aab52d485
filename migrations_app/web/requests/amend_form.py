"""The form in which a request that has not started is changed."""

from __future__ import annotations

from typing import Any

from django import forms

from migrations_app.models import MigrationRequest
from migrations_app.web.approvals.forms import _number, _unless_same
from migrations_app.web.requests.ask_form import BLOCK_MIGRATION
from migrations_app.widgets import Form, LongText, MomentField


class AmendForm(Form):
    """Form to edit a request, filled with its current values."""

    target = forms.CharField(
        required=False,
        max_length=255,
        label="To",
        help_text="A host. Empty: Nova’s scheduler chooses at the start.",
    )
    reason = LongText(
        label="Reason of the move",
    )
    ticket = forms.CharField(
        required=False,
        max_length=100,
        label="Ticket",
    )
    window_start = MomentField(label="Not before", required=False)
    window_end = MomentField(label="Not after", required=False)
    block_migration = forms.ChoiceField(
        choices=BLOCK_MIGRATION,
        label="Local disks (live only)",
    )
    deadline = _number("Abort after (minutes, live only)")
    probe = forms.CharField(
        required=False,
        max_length=80,
        label="Probe the guest during the move",
    )
    note = LongText(
        rows=2,
        label="Reason for the change",
        error_messages={"required": "Give a reason for the change (auditors read it)."},
    )

    @classmethod
    def filled_in(cls, row: MigrationRequest) -> AmendForm:
        """Return the form filled with the request's values."""
        copied = row.options.get("block_migration", "auto")
        return cls(
            initial={
                "target": row.target or "",
                "reason": row.reason,
                "ticket": row.ticket,
                "window_start": row.window_start,
                "window_end": row.window_end,
                "block_migration": {True: "yes", False: "no"}.get(copied, "auto"),
                "deadline": row.options.get("deadline"),
                "probe": row.options.get("probe", ""),
            }
        )

    def changes(self, row: MigrationRequest) -> dict[str, Any]:
        """Return the input as the action takes it; other options stay."""
        given = self.cleaned_data
        shown = {"block_migration", "deadline", "probe"}
        options = {k: v for k, v in row.options.items() if k not in shown}
        copied = {"yes": True, "no": False}.get(given["block_migration"])
        if copied is not None:
            options["block_migration"] = copied
        elif row.options.get("block_migration") == "auto":
            options["block_migration"] = "auto"
        if given["deadline"]:
            options["deadline"] = given["deadline"]
        if given["probe"].strip():
            options["probe"] = given["probe"].strip()
        plain = ("target", "reason", "ticket")
        moments = {
            name: _unless_same(given[name], getattr(row, name))
            for name in ("window_start", "window_end")
        }
        return {
            **{name: given[name].strip() for name in plain},
            **moments,
            "options": options,
        }

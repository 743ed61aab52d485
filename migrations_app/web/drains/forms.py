"""Form to request a drain."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms

from migrations_app.drains.planner.model import Limits
from migrations_app.models import Cloud, Drain
from migrations_app.models.states import Afterwards
from migrations_app.web.drains.what_if_form import names
from migrations_app.widgets import Form, LongText, MomentField

_HOSTS = {"list": "hosts", "autocomplete": "off"}
_USUAL = Limits()


def _limit(label: str, usual: int, why: str) -> forms.IntegerField:
    return forms.IntegerField(
        min_value=0,
        max_value=1000,
        initial=usual,
        label=label,
        help_text=why,
    )


class DrainForm(Form):
    """Form of a drain: hosts, limits and window; the action validates the rest."""

    cloud = forms.ChoiceField(required=False, label="Cloud")
    hosts = forms.CharField(
        max_length=20_000,
        label="Hosts to empty",
        help_text="Names, separated by commas. nova-compute is disabled first, so"
        " that no new instance arrives.",
        error_messages={"required": "Name the hosts to empty."},
        widget=forms.TextInput(attrs=_HOSTS),
    )
    targets = forms.CharField(
        required=False,
        max_length=20_000,
        label="Only to these hosts",
        help_text="Names, separated by commas. Empty: every suitable host.",
        widget=forms.TextInput(attrs=_HOSTS),
    )
    reason = LongText(
        label="Reason",
        error_messages={"required": "Give a reason for emptying these hosts."},
        help_text="Approvers and auditors read this.",
    )
    ticket = forms.CharField(
        required=False,
        max_length=100,
        label="Ticket",
    )
    afterwards = forms.ChoiceField(
        label="When they are empty",
        choices=(
            (Afterwards.KEEP, "keep them disabled"),
            (Afterwards.ENABLE, "enable them again (those that the drain disabled)"),
        ),
        initial=Afterwards.KEEP,
    )
    window_start = MomentField(required=False, label="Not before")
    window_end = MomentField(required=False, label="Not after")
    per_source = _limit(
        "Parallel moves from a host",
        _USUAL.per_source,
        "By default Nova runs one live migration from a host at a time. A second one"
        " is prepared meanwhile; further ones only queue.",
    )
    per_target = _limit(
        "Parallel moves to a host", _USUAL.per_target, "They share the host’s network."
    )
    per_zone = _limit("Parallel moves in a zone", _USUAL.per_zone, "0: no limit.")
    overall = _limit(
        "Parallel moves in total",
        _USUAL.overall,
        "They share switches and storage. 0: no limit.",
    )
    stop_after = _limit(
        "Pause after failures",
        3,
        "Number of failed moves after which the drain pauses. 0: never.",
    )

    def __init__(self, *args: Any, clouds: Iterable[Cloud], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [cloud.name for cloud in clouds]
        field = self.fields["cloud"]
        field.choices = [("", "found by host name")]  # type: ignore[attr-defined]
        field.choices += [(name, name) for name in known]  # type: ignore[attr-defined]
        self.clouds = len(known)

    @classmethod
    def filled_in(cls, before: Drain, *, clouds: Iterable[Cloud]) -> DrainForm:
        """Return the form with what an earlier drain had, but for its times."""
        return cls(
            initial={
                "cloud": before.cloud.name,
                "hosts": ", ".join(before.hosts),
                "targets": ", ".join(before.targets or ()),
                "reason": before.reason,
                "ticket": before.ticket,
                "afterwards": before.afterwards,
                "stop_after": before.stop_after,
                **before.limits,
            },
            clouds=clouds,
        )

    @property
    def asked(self) -> dict[str, Any]:
        """The input as the action takes it."""
        given = self.cleaned_data
        window: dict[str, datetime | None] = {
            name: given[name] for name in ("window_start", "window_end")
        }
        return {
            "cloud": given["cloud"] or None,
            "hosts": list(names([given["hosts"]])),
            "targets": list(names([given["targets"]])) or None,
            "limits": {
                name: given[name]
                for name in ("per_source", "per_target", "per_zone", "overall")
            },
            "stop_after": given["stop_after"],
            "afterwards": given["afterwards"],
            "reason": given["reason"],
            "ticket": given["ticket"],
            **window,
        }

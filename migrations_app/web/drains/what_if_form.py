"""Form of the what-if page, and its question as a query string."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.html import escape
from django.utils.safestring import SafeString

from migrations_app.drains.what_if import Question
from migrations_app.models import Cloud
from migrations_app.widgets import Form

_TO = "to-"


def names(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names separated by commas or spaces, without duplicates."""
    parts = (part for text in texts for part in re.split(r"[\s,;]+", text))
    return tuple(dict.fromkeys(part for part in parts if part))


class WhatIfForm(Form):
    """Form: hosts to empty, instances to move, and possible targets."""

    cloud = forms.ChoiceField(required=False, label="Cloud")
    host = forms.CharField(
        required=False,
        max_length=20_000,
        label="Hosts to empty",
        help_text="Names, separated by commas.",
        widget=forms.TextInput(attrs={"list": "hosts", "autocomplete": "off"}),
    )
    target = forms.CharField(
        required=False,
        max_length=20_000,
        label="Only to these hosts",
        help_text="Names, separated by commas. Empty: every suitable host.",
        widget=forms.TextInput(attrs={"list": "hosts", "autocomplete": "off"}),
    )
    add = forms.CharField(
        required=False,
        max_length=20_000,
        label="Add instances",
        help_text="Names or UUIDs, separated by commas.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, clouds: Iterable[Cloud], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [cloud.name for cloud in clouds]
        field = self.fields["cloud"]
        field.choices = [(name, name) for name in known]  # type: ignore[attr-defined]
        if len(known) < 2:
            field.widget = forms.HiddenInput()


def question(given: QueryDict) -> Question:
    """Return the question in a query string; see ``query`` for its format."""
    return Question(
        cloud=given.get("cloud", "").strip(),
        hosts=names(given.getlist("host")),
        picks={
            uuid: given.get(f"{_TO}{uuid}", "").strip()
            for uuid in names(given.getlist("instance"))
        },
        targets=names(given.getlist("target")),
    )


def query(of: Question) -> str:
    """Return the question as a query string, always in the same order."""
    return "&".join((*_frame(of), *_picks(of).values()))


def without(of: Question) -> dict[str, str]:
    """Return for each selected instance the query string without it."""
    frame, picks = _frame(of), _picks(of)
    return {
        uuid: "&".join(
            (*frame, *(said for each, said in picks.items() if each != uuid))
        )
        for uuid in picks
    }


def _frame(of: Question) -> list[str]:
    said = {"cloud": of.cloud, "host": ",".join(of.hosts)}
    said["target"] = ",".join(of.targets)
    return [urlencode({key: value}, safe=",") for key, value in said.items() if value]


def _picks(of: Question) -> dict[str, str]:
    return {
        uuid: urlencode({"instance": uuid} | ({f"{_TO}{uuid}": to} if to else {}))
        for uuid, to in of.picks.items()
    }


def initial(of: Question) -> Mapping[str, str]:
    """Return the initial data of the form."""
    return {
        "cloud": of.cloud,
        "host": ", ".join(of.hosts),
        "target": ", ".join(of.targets),
    }


def host_list(hosts: Iterable[tuple[str, str]]) -> SafeString:
    """Return (host, zone) as options. Not a template: there may be a thousand."""
    named = ((escape(host), escape(zone)) for host, zone in hosts)
    return SafeString(
        "".join(f'<option value="{host}">{zone}</option>' for host, zone in named)
    )

"""Who would have to approve the move of an instance: the rule of each procedure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from migrations_app.errors import NovawebError
from migrations_app.inventory import queries as inventory_queries
from migrations_app.procedures.registry import PROCEDURES
from migrations_app.requests.approvals import evaluate
from migrations_app.widgets import Form, hint


class WhoForm(Form):
    """Form: an instance, and maybe the host that it would move to."""

    instance = forms.CharField(
        max_length=255, label="Instance", widget=hint("name or UUID")
    )
    target = forms.CharField(
        required=False, max_length=255, label="To", widget=hint("any host")
    )


def who_approves(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form, and for each procedure the rule that would apply, if asked."""
    if "instance" not in given:
        return {"who": WhoForm()}
    form = WhoForm(given)
    if not form.is_valid():
        return {"who": form}
    target = form.cleaned_data["target"] or None
    try:
        (uuid,) = inventory_queries.uuids_of([form.cleaned_data["instance"]])
        row = inventory_queries.instance(uuid)
    except NovawebError as error:
        form.add_error("instance", error.sentence)
        return {"who": form}
    found = evaluate.rules_for_ways(
        row.cloud.name,
        instance=row.uuid,
        project=row.project_id,
        source=row.host,
        procedures_targets=[(name, target) for name in PROCEDURES],
    )
    return {
        "who": form,
        "about": row,
        "applied": list(zip(PROCEDURES, found, strict=True)),
        "no_policy": evaluate.NO_POLICY,
    }

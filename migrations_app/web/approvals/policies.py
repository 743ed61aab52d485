"""Pages of approval policies, their versions and forms."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import (
    require_http_methods,
    require_safe,
)

from migrations_app.access.permissions import Verb
from migrations_app.errors import NovawebError
from migrations_app.models import ApprovalPolicy, PolicyProposal
from migrations_app.requests.approvals import in_force
from migrations_app.requests.approvals import policies as approval_policies
from migrations_app.requests.approvals import proposals as policy_proposals
from migrations_app.requests.approvals.rules import Rule
from migrations_app.requests.unmatched import require_matched, unmatched
from migrations_app.web.approvals.forms import PolicyForm, policy_as_typed
from migrations_app.web.approvals.who_approves import who_approves
from migrations_app.web.note_form import note_in
from migrations_app.web.page import page, person_of, user_of
from migrations_app.web.posted import posted
from migrations_app.wording import whole_number

FORM = ["GET", "HEAD", "POST"]


@require_safe
@page(Verb.SEE_POLICIES)
def policies(request: HttpRequest) -> HttpResponse:
    """List all policies: active ones first, highest priority first."""
    rows = [(row, in_force.rule_of(row)) for row in approval_policies.all_policies()]
    asked = who_approves(request.GET)
    return render(
        request,
        "approvals/policies.html",
        {"rows": rows, "proposals": _proposals(request), **asked},
    )


@require_safe
@page(Verb.SEE_POLICIES)
def policy(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one policy with all its versions."""
    return _show(request, approval_policies.one(pk))


@require_http_methods(FORM)
@page(Verb.SET_POLICY)
def new(request: HttpRequest) -> HttpResponse:
    """Show the form; create the policy."""
    if request.method != "POST":
        blank = {"weight": 10, "window": "any", "stages": "1 of approver"}
        form = PolicyForm(initial={**blank, "active": True})
        return render(request, "approvals/policy_form.html", {"form": form})
    form = PolicyForm(request.POST)
    context: dict[str, Any] = {"form": form}
    if not form.is_valid():
        return render(request, "approvals/policy_form.html", context, status=422)
    given = form.cleaned_data
    try:
        _require_matched(form, context)
        row = approval_policies.create(
            by=user_of(request),
            name=given["name"],
            weight=given["weight"],
            rule=form.rule,
            note=given["note"],
        )
    except NovawebError as error:
        context["trouble"] = error.sentence
        return render(
            request, "approvals/policy_form.html", context, status=error.status
        )
    return _done(request, row, "The policy is active now.")


@require_http_methods(FORM)
@page(Verb.SET_POLICY)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the filled form; save the next version."""
    row = approval_policies.one(pk)
    context: dict[str, Any] = {"row": row}
    if request.method != "POST":
        typed = policy_as_typed(row.rule)
        known = {"name": row.name, "weight": row.weight, "active": row.active}
        context |= {"form": PolicyForm(initial={**typed, **known})}
        return render(request, "approvals/policy_form.html", context)
    form = PolicyForm(request.POST)
    context |= {"form": form, "seen": request.POST.get("version", "")}
    if not form.is_valid():
        return render(request, "approvals/policy_form.html", context, status=422)
    given = form.cleaned_data
    version = request.POST.get("version", "")
    try:
        if given["active"]:
            _require_matched(form, context)
        changed = approval_policies.change(
            pk,
            by=user_of(request),
            version=whole_number(version, most=2**31 - 1) or 0,
            name=given["name"],
            weight=given["weight"],
            active=given["active"],
            rule=form.rule,
            note=given["note"],
        )
    except NovawebError as error:
        context["trouble"] = error.sentence
        return render(
            request, "approvals/policy_form.html", context, status=error.status
        )
    return _done(request, changed, "The policy was changed.")


@posted("policy", "pk")
@page(Verb.SET_POLICY)
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Retire the policy."""
    row = approval_policies.one(pk)
    try:
        note = note_in(request.POST)
        retired = approval_policies.retire(
            pk, by=user_of(request), version=row.version, note=note
        )
    except NovawebError as error:
        return _show(request, row, error)
    return _done(request, retired, "The policy is retired.")


@posted("policies")
@page(Verb.SET_POLICY)
def decide(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Confirm or discard a proposed change."""
    act = {"confirm": policy_proposals.confirm, "discard": policy_proposals.discard}
    if verb not in act:
        raise Http404
    act[verb](pk, by=user_of(request), note=note_in(request.POST))
    done = "The policy was changed." if verb == "confirm" else "It was discarded."
    messages.success(request, done)
    return redirect("policies")


def _require_matched(form: PolicyForm, context: dict[str, Any]) -> None:
    """Raise Unfit if a name matches nothing, until that is agreed to."""
    context["unmatched"] = unmatched(form.rule)
    require_matched(context["unmatched"], agreed=form.cleaned_data["unmatched"])


def _done(
    request: HttpRequest, row: ApprovalPolicy | PolicyProposal, done: str
) -> HttpResponse:
    if isinstance(row, ApprovalPolicy):
        messages.success(request, done)
        return redirect("policy", pk=row.pk)
    messages.warning(
        request,
        "This may lower what some moves take, so it does not count yet: another person"
        " who may change approval policies must confirm it.",
    )
    return redirect("policies")


def _proposals(request: HttpRequest) -> list[tuple[PolicyProposal, Rule, bool]]:
    """Return what waits, its rule, and whether this person may confirm it."""
    person = person_of(request)
    return [
        (
            row,
            in_force.rule_told({**row.rule, "name": row.name, "weight": row.weight}, 0),
            person.sets_policy and not policy_proposals.why_not_confirm(person, row),
        )
        for row in policy_proposals.waiting()
    ]


def _show(
    request: HttpRequest, row: ApprovalPolicy, error: NovawebError | None = None
) -> HttpResponse:
    rule = in_force.rule_of(row)
    context: dict[str, Any] = {
        "row": row,
        "rule": rule,
        "too_few": approval_policies.too_few(rule) if row.active else [],
        "versions": [
            (each, approval_policies.rule_then(each)) for each in row.versions.all()
        ],
    }
    if error is not None:
        context["trouble"] = error.sentence
        context["note"] = request.POST.get("note", "")
    status = error.status if error else 200
    return render(request, "approvals/policy.html", context, status=status)

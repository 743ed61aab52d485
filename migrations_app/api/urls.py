"""Addresses of the REST interface."""

from __future__ import annotations

from django.urls import path, re_path, register_converter
from django.urls.converters import IntConverter
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from migrations_app.api import (
    amend,
    approvals,
    audit,
    audit_proof,
    capacity_history,
    compute_services,
    copy_speeds,
    delegations,
    deliveries,
    drains,
    emergency_start,
    inventory,
    leaks,
    many,
    notifications,
    preflight,
    proposals,
    requests,
    run_inspection,
    runs,
    saved_searches,
    tokens,
    webhooks,
    what_if,
    windows,
)
from migrations_app.api.schema import SchemaOnce


class Number(IntConverter):
    """URL converter for numbers in the range of every database."""

    regex = "[0-9]{1,18}"


register_converter(Number, "number")


@extend_schema(exclude=True)
class Nothing(APIView):
    """Fallback for unknown addresses: 404 as problem details."""

    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Raise NotFound, whatever the method."""
        raise NotFound


urlpatterns = [
    path("schema/", SchemaOnce.as_view(), name="api-schema"),
    path("token/", tokens.TokenView.as_view(), name="api-token"),
    path("tokens/", tokens.Tokens.as_view(), name="api-tokens"),
    path("tokens/<number:pk>/", tokens.OneToken.as_view(), name="api-one-token"),
    path("hypervisors/", inventory.Hypervisors.as_view(), name="api-hypervisors"),
    path(
        "hypervisors/<str:host>/",
        inventory.OneHypervisor.as_view(),
        name="api-hypervisor",
    ),
    path("instances/", inventory.Instances.as_view(), name="api-instances"),
    path(
        "instances/<uuid:uuid>/", inventory.OneInstance.as_view(), name="api-instance"
    ),
    path("snapshots/", capacity_history.Snapshots.as_view(), name="api-snapshots"),
    path("leaks/", leaks.Leaks.as_view(), name="api-leaks"),
    path("speeds/", copy_speeds.Speeds.as_view(), name="api-speeds"),
    path("services/", compute_services.Services.as_view(), name="api-services"),
    path(
        "services/<uuid:uuid>/disable/",
        compute_services.Disable.as_view(),
        name="api-service-disable",
    ),
    path(
        "services/<uuid:uuid>/enable/",
        compute_services.Enable.as_view(),
        name="api-service-enable",
    ),
    path("sync/", inventory.Sync.as_view(), name="api-sync"),
    path("preflight/", preflight.Preflight.as_view(), name="api-preflight"),
    path("what-if/", what_if.WhatIf.as_view(), name="api-what-if"),
    path("requests/", requests.Requests.as_view(), name="api-requests"),
    path("requests/ask-many/", many.AskMany.as_view(), name="api-ask-many"),
    path("requests/approve/", many.ApproveMany.as_view(), name="api-approve-many"),
    path("requests/reject/", many.RejectMany.as_view(), name="api-reject-many"),
    path("requests/withdraw/", many.WithdrawMany.as_view(), name="api-withdraw-many"),
    path("requests/<number:pk>/", requests.OneRequest.as_view(), name="api-request"),
    path(
        "requests/<number:pk>/approve/",
        requests.Approve.as_view(),
        name="api-approve",
    ),
    path(
        "requests/<number:pk>/reject/",
        requests.Reject.as_view(),
        name="api-reject",
    ),
    path("requests/<number:pk>/amend/", amend.Amend.as_view(), name="api-amend"),
    path(
        "requests/<number:pk>/break-glass/",
        emergency_start.EmergencyStart.as_view(),
        name="api-break-glass",
    ),
    path(
        "requests/<number:pk>/review/",
        emergency_start.Review.as_view(),
        name="api-review",
    ),
    path("policies/proposals/", proposals.Proposals.as_view(), name="api-proposals"),
    path(
        "policies/proposals/<number:pk>/confirm/",
        proposals.Confirm.as_view(),
        name="api-proposal-confirm",
    ),
    path(
        "policies/proposals/<number:pk>/discard/",
        proposals.Discard.as_view(),
        name="api-proposal-discard",
    ),
    path("policies/", approvals.Policies.as_view(), name="api-policies"),
    path("policies/<number:pk>/", approvals.OnePolicy.as_view(), name="api-policy"),
    path(
        "policies/<number:pk>/retire/",
        approvals.RetirePolicy.as_view(),
        name="api-policy-retire",
    ),
    path("delegations/", delegations.Delegations.as_view(), name="api-delegations"),
    path(
        "delegations/<number:pk>/revoke/",
        delegations.Revoke.as_view(),
        name="api-delegation-revoke",
    ),
    path(
        "requests/<number:pk>/withdraw/",
        requests.Withdraw.as_view(),
        name="api-withdraw",
    ),
    path("drains/", drains.Drains.as_view(), name="api-drains"),
    path("drains/<number:pk>/", drains.OneDrain.as_view(), name="api-drain"),
    path(
        "drains/<number:pk>/approve/",
        drains.ApproveDrain.as_view(),
        name="api-drain-approve",
    ),
    path(
        "drains/<number:pk>/move-back/",
        drains.MoveBack.as_view(),
        name="api-drain-move-back",
    ),
    *(
        path(
            f"drains/<number:pk>/{view.verb}/",
            view.as_view(),
            name=f"api-drain-{view.verb}",
        )
        for view in drains.SAID
    ),
    path("runs/<number:pk>/", runs.OneRun.as_view(), name="api-run"),
    path("runs/<number:pk>/lines/", runs.Lines.as_view(), name="api-run-lines"),
    path(
        "runs/<number:pk>/world/",
        run_inspection.WorldNow.as_view(),
        name="api-run-world",
    ),
    *(
        path(
            f"runs/<number:pk>/{view.verb}/",
            view.as_view(),
            name=f"api-run-{view.verb}",
        )
        for view in runs.VERBS
    ),
    path("notices/", notifications.Notices.as_view(), name="api-notices"),
    path("notices/read/", notifications.ReadAll.as_view(), name="api-notices-read"),
    path("notices/choices/", notifications.Choices.as_view(), name="api-choices"),
    path(
        "notices/<number:pk>/read/",
        notifications.Read.as_view(),
        name="api-notice-read",
    ),
    path("webhooks/", webhooks.Webhooks.as_view(), name="api-webhooks"),
    path("webhooks/<number:pk>/", webhooks.OneWebhook.as_view(), name="api-webhook"),
    path(
        "webhooks/<number:pk>/rotate/",
        webhooks.Rotate.as_view(),
        name="api-webhook-rotate",
    ),
    path(
        "webhooks/<number:pk>/test/",
        webhooks.TestWebhook.as_view(),
        name="api-webhook-test",
    ),
    path("deliveries/", deliveries.Deliveries.as_view(), name="api-deliveries"),
    path("deliveries/test-mail/", deliveries.TestMail.as_view(), name="api-test-mail"),
    path(
        "deliveries/<number:pk>/", deliveries.OneDelivery.as_view(), name="api-delivery"
    ),
    path(
        "deliveries/<number:pk>/again/",
        deliveries.Again.as_view(),
        name="api-delivery-again",
    ),
    path("windows/", windows.Windows.as_view(), name="api-windows"),
    path("windows/import/", windows.TakeIn.as_view(), name="api-windows-import"),
    path("windows/export/", windows.GiveOut.as_view(), name="api-windows-export"),
    path(
        "windows/occurrences/",
        windows.Occurrences.as_view(),
        name="api-windows-occurrences",
    ),
    path("windows/<number:pk>/", windows.OneWindow.as_view(), name="api-window"),
    path(
        "windows/<number:pk>/change/",
        windows.Change.as_view(),
        name="api-window-change",
    ),
    path(
        "windows/<number:pk>/retire/",
        windows.RetireWindow.as_view(),
        name="api-window-retire",
    ),
    path("audit/", audit.Entries.as_view(), name="api-audit"),
    path("audit/verify/", audit_proof.Verify.as_view(), name="api-audit-verify"),
    path("audit/sign/", audit_proof.Sign.as_view(), name="api-audit-sign"),
    path("audit/export/", audit_proof.Export.as_view(), name="api-audit-export"),
    path("audit/<number:pk>/", audit.OneEntry.as_view(), name="api-audit-entry"),
    path("audit/searches/", saved_searches.Searches.as_view(), name="api-searches"),
    path(
        "audit/searches/<number:pk>/",
        saved_searches.OneSearch.as_view(),
        name="api-search",
    ),
    re_path(r"^", Nothing.as_view()),
]

"""Pages of webhooks and deliveries, for operators."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_safe,
)

from migrations_app.access.permissions import Verb
from migrations_app.errors import NovawebError
from migrations_app.models import Delivery, Webhook
from migrations_app.notifications import mail, mail_test
from migrations_app.notifications import webhooks as notification_webhooks
from migrations_app.notifications.delivery import rests_until
from migrations_app.notifications.events import EVENTS
from migrations_app.web.lists import Pages, rows_per_page
from migrations_app.web.notifications.webhook_form import WebhookForm
from migrations_app.web.page import page, user_of
from migrations_app.web.posted import posted


@require_http_methods(["GET", "HEAD", "POST"])
@page(Verb.WEBHOOKS)
def webhooks(request: HttpRequest) -> HttpResponse:
    """List the webhooks; create one and show its secret once."""
    if request.method != "POST":
        return _list(request, WebhookForm(new=True))
    form = WebhookForm(request.POST, new=True)
    if not form.is_valid():
        return _list(request, form, status=422)
    try:
        made = notification_webhooks.create(by=user_of(request), **form.cleaned_data)
    except NovawebError as error:
        return _list(request, form, {"trouble": error.sentence}, status=error.status)
    return _one(request, made.webhook, {"secret": made.secret, "new": True}, status=201)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Verb.WEBHOOKS)
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one webhook; save changes."""
    if request.method != "POST":
        return _one(request, notification_webhooks.webhook(pk))
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return _one(
            request, notification_webhooks.webhook(pk), {"form": form}, status=422
        )
    try:
        notification_webhooks.change(pk, by=user_of(request), **form.cleaned_data)
    except NovawebError as error:
        context = {"form": form, "trouble": error.sentence}
        return _one(
            request, notification_webhooks.webhook(pk), context, status=error.status
        )
    messages.success(request, "The webhook is saved.")
    return redirect("webhook", pk=pk)


@posted("webhook", "pk")
@page(Verb.WEBHOOKS)
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Create a new secret and show it once."""
    made = notification_webhooks.rotate(pk, by=user_of(request))
    return _one(request, made.webhook, {"secret": made.secret})


@posted("webhook", "pk")
@page(Verb.WEBHOOKS)
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a test message; redirect to its delivery."""
    return redirect(
        "delivery", pk=notification_webhooks.test(pk, by=user_of(request)).pk
    )


@posted("webhook", "pk")
@page(Verb.WEBHOOKS)
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove the webhook."""
    notification_webhooks.remove(pk, by=user_of(request))
    messages.success(request, "The webhook is removed.")
    return redirect("webhooks")


@require_safe
@page(Verb.WEBHOOKS)
def deliveries(request: HttpRequest) -> HttpResponse:
    """List the deliveries, newest first."""
    rows = Delivery.objects.order_by("-pk").defer("body")
    state, lane = request.GET.get("state", ""), request.GET.get("lane", "")
    if state in Delivery.STATES:
        rows = rows.filter(state=state)
    if lane:
        rows = rows.filter(lane=lane[:40])
    found = Pages(rows, rows_per_page(request)).get_page(request.GET.get("page"))
    context = {
        "found": found,
        "state": state,
        "lane": lane,
        "states": Delivery.STATES,
        "lanes": [
            (f"webhook:{pk}", name)
            for pk, name in Webhook.objects.values_list("pk", "name")
        ],
        "mail_on": mail.configured(),
        "rests": _rests(lane) if lane else None,
    }
    return render(request, "notifications/deliveries.html", context)


@posted("deliveries")
@page(Verb.WEBHOOKS)
def test_mail(request: HttpRequest) -> HttpResponse:
    """Send the person a test e-mail; redirect to its delivery."""
    try:
        sent = mail_test.test(by=user_of(request))
    except NovawebError as error:
        messages.error(request, error.sentence)
        return redirect("deliveries")
    return redirect("delivery", pk=sent.pk)


@require_safe
@page(Verb.WEBHOOKS)
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one delivery with every attempt."""
    row = notification_webhooks.delivery(pk)
    context = {
        "delivery": row,
        "attempts": list(row.attempts.all()),
        "rests": _rests(row.lane) if row.state == "waiting" else None,
    }
    return render(request, "notifications/delivery.html", context)


@posted("delivery", "pk")
@page(Verb.WEBHOOKS)
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the message again."""
    notification_webhooks.send_again(pk, by=user_of(request))
    messages.success(request, "The message is sent again.")
    return redirect("delivery", pk=pk)


def _rests(lane: str) -> datetime | None:
    return rests_until(lane[:40], now=timezone.now())


def _list(
    request: HttpRequest,
    form: WebhookForm,
    more: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    rows = Webhook.objects.select_related("group")
    found = Paginator(rows, 200).get_page(1)
    context = {"found": found, "form": form, **(more or {})}
    return render(request, "notifications/webhooks.html", context, status=status)


def _one(
    request: HttpRequest,
    row: Webhook,
    more: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "webhook": row,
        "form": WebhookForm(initial=notification_webhooks.facts(row)),
        "titles": [EVENTS[key].title for key in row.events if key in EVENTS],
        "rests": _rests(f"webhook:{row.pk}"),
        "last": list(row.deliveries.order_by("-pk").defer("body")[:10]),
        **(more or {}),
    }
    return render(request, "notifications/webhook.html", context, status=status)

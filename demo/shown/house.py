"""What a house has set up before anybody moves anything: rules, times, searches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from demo.people import ADMIN
from demo.words import say
from migrations_app.audit import saved_searches
from migrations_app.models import (
    ApprovalPolicy,
    Choice,
    Delegation,
    SavedSearch,
    Webhook,
    Window,
)
from migrations_app.notifications import preferences
from migrations_app.notifications import webhooks as notification_webhooks
from migrations_app.requests.approvals import delegations as approval_delegations
from migrations_app.requests.approvals import policies as approval_policies
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows.actions import Wish

TWO = "Zone OS2 takes two"
HOOK = "Chat of the operators"
TOLD = ("waits", "completed", "rolled_back", "held", "glass")


def furnish(people: Mapping[str, User], *, listener: str) -> None:
    """The rules of the house are there; ``listener`` is where its webhook leads."""
    _policy(people[ADMIN])
    _calendar(people["operator"])
    _delegation(people["approver-2"], to=people["operator"])
    _auditor(people["auditor"])
    _webhook(people["operator"], listener)


def _policy(admin: User) -> None:
    if ApprovalPolicy.objects.filter(name=TWO).exists():
        return
    two: dict[str, Any] = {
        "zones": ["OS2"],
        "stages": [{"groups": ["approver"], "approvers": 2}],
        "approval_hours": 72,
    }
    approval_policies.create(
        by=admin,
        name=TWO,
        weight=50,
        rule=two,
        note="What runs in OS2 has no second site: two people look at each move.",
    )
    say("A policy: moves from or to zone OS2 take two approvals.")
    row = ApprovalPolicy.objects.get(name=TWO)
    approval_policies.change(
        row.pk,
        by=admin,
        version=row.version,
        name=TWO,
        weight=row.weight,
        active=True,
        rule={**two, "stages": [{"groups": ["approver"], "approvers": 1}]},
        note="OS2 has its second site from next month: one person is enough.",
    )
    say("A change that lowers it, which waits for a second person.")


def _calendar(operator: User) -> None:
    today = timezone.now().replace(tzinfo=None, hour=0, minute=0, second=0)
    today = today.replace(microsecond=0)
    sunday = today + timedelta(days=6 - today.weekday())
    closing = today + timedelta(days=10)
    for wish in (
        Wish(
            name="Sunday maintenance",
            kind="maintenance",
            starts=sunday + timedelta(hours=2),
            ends=sunday + timedelta(hours=6),
            recurrence="FREQ=WEEKLY;BYDAY=SU",
            time_zone="UTC",
            zones=("OS1",),
            reason="Agreed with the owners of what runs in OS1.",
        ),
        # of one host, so that nothing else of the demo ever waits for its end
        Wish(
            name="Month-end closing",
            kind="freeze",
            starts=closing,
            ends=closing + timedelta(days=2),
            time_zone="UTC",
            hosts=("compute-33",),
            reason="The books are closed on this host: nothing moves meanwhile.",
        ),
    ):
        if not Window.objects.filter(name=wish.name).exists():
            window_actions.create(wish, by=operator)
            say(f"In the calendar: {wish.name} ({wish.kind}).")


def _delegation(giver: User, *, to: User) -> None:
    if Delegation.objects.filter(giver=giver).exists():
        return
    begins: datetime = timezone.now() + timedelta(days=7)
    approval_delegations.delegate(
        by=giver,
        to=to.get_username(),
        starts_at=begins,
        ends_at=begins + timedelta(days=7),
        reason="On leave: the operators decide in my place.",
    )
    say(f"{giver.get_username()} hands on their say for a week, in a week.")


def _auditor(auditor: User) -> None:
    if not SavedSearch.objects.filter(owner=auditor).exists():
        saved_searches.save(
            by=auditor,
            name="Held runs",
            filters={"verb": "run.held"},
            shared=True,
        )
        say("auditor keeps a search: every run that was held.")
    if not Choice.objects.filter(person=auditor).exists():
        wanted = {event: {"app": "all"} for event in ("held", "rolled_back", "closed")}
        preferences.choose(by=auditor, wanted=wanted)


def _webhook(operator: User, url: str) -> None:
    hook = Webhook.objects.filter(name=HOOK).first()
    if hook is None:
        notification_webhooks.create(by=operator, name=HOOK, url=url, events=TOLD)
        say("A webhook to a listener of the demo: see log/webhook.log.")
    elif hook.url.startswith("http://127.0.0.1:"):
        # the listener's port may be another one today
        notification_webhooks.change(hook.pk, by=operator, url=url)

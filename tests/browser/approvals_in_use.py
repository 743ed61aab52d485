"""Policies, windows and moves as they stand on pages in real life."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import Group
from django.utils import timezone

from migrations_app.models import BrokenGlass, Decision, MigrationRequest
from migrations_app.requests.approvals import delegations as approval_delegations
from migrations_app.requests.approvals import policies as approval_policies
from migrations_app.requests.approvals.rules import CONDITIONS
from migrations_app.requests.windows import actions as window_actions
from pretend import PretendCloud
from tests import factories
from tests.approvals.decided import confirmed
from tests.browser.test_every_page import WHAT_IF

LONG = "The array under compute-30 loses disks: what is on it must be away tonight. "
FREEZE = "No changes while the year is closed. Ask the change board before you plan."


def fill(cloud: PretendCloud) -> dict[str, object]:
    """Fill the pages with something; return what stands in their addresses."""
    factories.pacer_seen()
    for host in ("compute-30", "compute-31", "compute-32"):
        factories.hypervisor(host)
    free = cloud.create("billing", host="compute-30")
    factories.instance("billing", uuid=free)
    return {"free": free, "policy": policy(), "window": calendar(), **moves()}


def policy() -> int:
    """Make a policy of two stages in three versions, and one that rules no more."""
    ada = factories.person("ada", staff=True)
    Group.objects.get_or_create(name="change-board")
    rule = {
        **{name: [] for name in CONDITIONS},
        "hosts": ["compute-3?", "store-*"],
        "procedures": ["live", "cold"],
        "stages": [
            {"approvers": 1, "groups": ["approver"]},
            {"approvers": 2, "groups": ["approver", "change-board"]},
        ],
        "instances_at_least": 1,
        "window": "any",
        "approval_hours": 24,
        "request_hours": None,
        "break_glass": True,
    }
    made = approval_policies.create(
        by=ada, name="Payment", weight=500, rule=rule, note="Asked."
    )
    row = confirmed(made)
    for version, weight in ((1, 600), (2, 700)):
        changed = approval_policies.change(
            row.pk,
            by=ada,
            version=version,
            name="Payment hosts",
            weight=weight,
            active=True,
            rule=rule,
            note="The board wants to be asked about what moves payments.\n" + LONG,
        )
        confirmed(changed)
    made = approval_policies.create(
        by=ada, name="Old", weight=5, rule=rule, note="Asked for."
    )
    old = confirmed(made)
    retired = approval_policies.retire(old.pk, by=ada, version=1, note="Nobody needs.")
    confirmed(retired)
    return row.pk


def calendar() -> int:
    """Make a window that recurs and a freeze that is on; return the window."""
    otto = factories.person("otto", "operator")
    now = timezone.now().replace(tzinfo=None, second=0, microsecond=0)
    wish = window_actions.Wish(
        name="Saturday nights of zone OS1",
        kind="maintenance",
        starts=now - timedelta(days=7, hours=1),
        ends=now - timedelta(days=7) + timedelta(hours=5),
        reason="Hosts of the zone may be touched.",
        time_zone="Europe/Berlin",
        recurrence="FREQ=WEEKLY",
        zones=("OS1",),
    )
    window_actions.create(
        window_actions.Wish(
            name="Year’s end",
            kind="freeze",
            starts=now - timedelta(days=1),
            ends=now + timedelta(days=3),
            reason=FREEZE,
            time_zone="UTC",
        ),
        by=otto,
    )
    return window_actions.create(wish, by=otto).pk


def moves() -> dict[str, object]:
    """Make a request in its second stage, and two where the glass was broken."""
    anna, bert = (factories.person(name, "approver") for name in ("anna", "bert"))
    now = timezone.now()
    asked = factories.request(
        of=factories.instance("payments"),
        what_if=WHAT_IF,
        changed_by_name="otto",
        window_start=now + timedelta(hours=1),
        window_end=now + timedelta(hours=5),
    )
    decide(asked, "anna", by=anna, plan_digest=asked.plan_digest)
    decide(asked, "bert", by=bert, plan_digest="0" * 64)
    broken = factories.request(of=factories.instance("ledger"), state="approved")
    shatter(broken)
    over = factories.request(of=factories.instance("mail"), state="completed")
    shatter(
        over,
        reviewed_by=anna,
        reviewed_by_name="anna",
        reviewed_at=now,
        review="The disks did fail an hour later; it was right.",
    )
    for row in (asked, broken):
        for verb in ("request.asked", "request.approved"):
            factories.audit_entry(
                verb,
                request_number=row.pk,
                instance=row.instance,
                instance_name=row.instance_name,
            )
    ends = now + timedelta(days=9)
    handed = [
        approval_delegations.delegate(
            by=giver, to="otto", starts_at=now, ends_at=ends, reason="On leave; " + LONG
        )
        for giver in (anna, bert)
    ]
    approval_delegations.revoke(handed[1].pk, by=bert)
    return {"asked": asked.pk, "broken": broken.pk}


def decide(move: MigrationRequest, name: str, **fields: object) -> None:
    Decision.objects.create(
        request=move,
        by_name=name,
        approves=True,
        note="Fine for me, the hosts have room.",
        at=timezone.now(),
        **{"groups": ["approver"], **fields},
    )


def shatter(move: MigrationRequest, **fields: object) -> None:
    BrokenGlass.objects.create(
        request=move,
        plan_digest=move.plan_digest,
        by_name="otto",
        reason=(LONG * 2).strip(),
        at=timezone.now(),
        **fields,
    )

"""Emergency start of a request, and its review.

The plan starts without its approvals and regardless of windows and freezes; the
pre-flight still applies. Every page has a banner about it until somebody else has
reviewed it.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from migrations_app.access import permissions
from migrations_app.access.permissions import Person, Refusal, Verb
from migrations_app.access.require import require
from migrations_app.audit import notes as audit_notes
from migrations_app.audit import recorder
from migrations_app.errors import TooLate
from migrations_app.models import BrokenGlass, MigrationRequest
from migrations_app.models.states import BEFORE_START, RequestState
from migrations_app.requests import recent_check
from migrations_app.requests.actions import require_same_plan
from migrations_app.requests.approvals import evaluate
from migrations_app.requests.approvals.status import ApprovalStatus
from migrations_app.requests.decisions import overtaken
from migrations_app.requests.guards import load
from migrations_app.runs import wakeup


def why_not(
    who: Person, request: MigrationRequest, *, found: ApprovalStatus | None = None
) -> Refusal | None:
    """Return why the person may not use an emergency start; None: they may.

    ``found``: its approvals' status, if that is known already.
    """
    if refusal := permissions.why_not(who, Verb.EMERGENCY_START, request=request):
        return refusal
    rules = found.rules if found else evaluate.rules_for(request)
    if refusal := evaluate.why_no_emergency_start(rules):
        return refusal
    if evaluate.emergency_start_of(request):
        return Refusal(
            (
                "The emergency start is requested already: the move starts"
                " automatically."
            ),
            late=True,
        )
    if request.broken_glass.filter(plan_digest=request.plan_digest).exists():
        return Refusal(
            "The emergency start of this plan does not count any more, since its"
            " operator has left: edit the request, then use it for the new plan.",
            late=True,
        )
    return None


def start(
    request_id: int, *, by: User, plan_digest: str, reason: str
) -> MigrationRequest:
    """Have the plan with that digest start at once, without approvals or window.

    The plan is made again first, and again before it starts: if it has changed, another
    emergency start is needed. Raises NotAllowed, TooLate, Unfit, and what the cloud
    raises.
    """
    request = load(request_id)
    require(by, Verb.EMERGENCY_START, request=request)
    reason = audit_notes.note(
        reason, "Give a reason for the emergency start (everybody reads it)."
    )
    _check(permissions.person(by), request)
    drawn = require_same_plan(request, plan_digest)
    now = timezone.now()
    try:
        with transaction.atomic():
            changed = MigrationRequest.objects.filter(
                pk=request.pk, plan_digest=plan_digest, state__in=BEFORE_START
            ).update(
                state=RequestState.APPROVED,
                why="",
                look_again_at=now,
                checked=recent_check.kept(drawn),
            )
            if changed != 1:
                raise overtaken(request)
            # the policy or the role may have changed while the world was looked at
            _check(permissions.current_person(by), request)
            rule = evaluate.rule_for(request, now=now)
            BrokenGlass.objects.create(
                request=request,
                plan_digest=plan_digest,
                by=by,
                by_name=by.get_username(),
                reason=reason,
                at=now,
            )
            recorder.record(
                "request.glass_broken",
                by=by,
                about=request,
                note=reason,
                before={"state": request.state},
                after={
                    "digest": plan_digest,
                    **(evaluate.as_audited(rule) if rule else {}),
                },
            )
            wakeup.ring()
    except IntegrityError as error:
        raise TooLate("The emergency start is requested already.") from error
    return load(request_id)


def review(request_id: int, *, by: User, note: str) -> MigrationRequest:
    """Record the review of the request's emergency start.

    Raises NotAllowed, Unfit without a note, and TooLate if there is none to review.
    """
    request = load(request_id)
    require(by, Verb.REVIEW, request=request)
    note = audit_notes.note(
        note, "Describe the result of your review (auditors read it)."
    )
    now = timezone.now()
    with transaction.atomic():
        # read again: a role may have been revoked, or the request edited, meanwhile
        if refusal := why_not_review(permissions.current_person(by), request):
            raise refusal.error()
        changed = (
            BrokenGlass.objects.filter(request=request, reviewed_at=None)
            .exclude(by=by)
            .update(
                reviewed_at=now,
                reviewed_by=by,
                reviewed_by_name=by.get_username(),
                review=note,
            )
        )
        if changed < 1:
            raise TooLate("The emergency start is reviewed already.")
        recorder.record("request.glass_reviewed", by=by, about=request, note=note)
    return load(request_id)


def why_not_review(
    who: Person, request: MigrationRequest, *, found: ApprovalStatus | None = None
) -> Refusal | None:
    """Return why the person may not review it; None: they may.

    ``found``: its approvals' status, if that is known already.
    """
    if refusal := permissions.why_not(who, Verb.REVIEW, request=request):
        return refusal
    breakers = set(unreviewed().filter(request=request).values_list("by", flat=True))
    if not breakers:
        return Refusal("There is no emergency start to review.", late=True)
    if who.id in breakers:
        return Refusal("You made this emergency start: another person must review it.")
    hands = found.hands if found else evaluate.hands_in(request)
    return evaluate.why_involved(who, hands, "review the emergency start")


def unreviewed() -> QuerySet[BrokenGlass]:
    """Return the emergency starts without a review, newest first."""
    return BrokenGlass.objects.filter(reviewed_at=None).select_related("request")


def all_starts() -> QuerySet[BrokenGlass]:
    """Return all emergency starts, newest first."""
    return BrokenGlass.objects.select_related("request")


def _check(who: Person, request: MigrationRequest) -> None:
    if refusal := why_not(who, request):
        raise refusal.error()

"""No sequence of calls starts a run that its policy does not allow.

Hypothesis plays everybody: it asks, approves, changes requests and policies, moves
people between groups, hands on says, breaks the glass and lets time pass. What is
allowed is reckoned here from what was called, by trying every way to fill the stages:
nothing of approval/ is used, nor what the rows say about groups or delegations.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from migrations_app import (
    amending,
    delegations,
    glass,
    policies,
    requests,
    starts,
    wiring,
)
from migrations_app.errors import NovawebError
from migrations_app.models import ApprovalPolicy, MigrationRequest, Run
from tests import factories
from tests.people.policy_oracle import Given, Known
from tests.stage import Stage

pytestmark = pytest.mark.django_db
PEOPLE = ["ann", "ben", "cat", "oto", "tea"]
WHO = st.sampled_from(PEOPLE)
GROUPS = ["approver", "board"]
STAGES = st.sampled_from(
    [
        [(1, ["approver"])],
        [(2, ["approver"])],
        [(1, ["approver"]), (1, ["board"])],
        [(1, ["board"]), (1, ["approver", "board"])],
    ]
)


class Approvals(RuleBasedStateMachine):
    """One instance, five people, one policy that changes, and the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = transaction.atomic()
        # the test's own: what a verb commits is not part of one transaction with it
        self.rows._from_testcase = True  # type: ignore[attr-defined]
        self.rows.__enter__()
        self.stage = Stage()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(wiring, "_cloud", lambda name: self.stage.cloud)
        self.patch.setattr(timezone, "now", self.stage.clock)
        self.known = Known()
        Group.objects.get_or_create(name="board")
        self.known.groups = {
            "ann": {"approver"},
            "ben": {"approver", "board"},
            "cat": {"approver", "board", "requester"},
            "oto": {"operator", "approver"},
            "tea": {"auditor"},
        }
        for name, groups in self.known.groups.items():
            factories.person(name, *groups)
        factories.person("rita", "requester")
        factories.person("root", staff=True)
        ApprovalPolicy.objects.update(active=False)
        self.policy = 0
        self.calm = 2

    def teardown(self) -> None:
        self.patch.undo()
        transaction.set_rollback(True)
        self.rows.__exit__(None, None, None)

    def may_disturb(self) -> bool:
        """Whether there was enough deciding and starting between such rules."""
        self.calm = min(self.calm, 4)
        return self.calm > 0

    def user(self, name: str) -> User:
        """Return the person anew: what they may is read again."""
        return User.objects.get(username=name)

    def attempt(self, act: Callable[..., Any], **said: Any) -> bool:
        """Do it; being refused in our own words is no fault."""
        # not in a transaction of ours: what a verb does before it refuses stays done
        with suppress(NovawebError):
            act(**said)
            return True
        return False

    def latest(self) -> MigrationRequest | None:
        return MigrationRequest.objects.filter(open_instance__isnull=False).last()

    # -- the house ---------------------------------------------------------------------
    @initialize(stages=STAGES)
    def begin(self, stages: Any) -> None:
        self.set_policy(stages=stages, hours=None, glass=True, active=True)
        self.ask("rita")

    @precondition(lambda self: self.may_disturb())
    @rule(
        stages=STAGES,
        hours=st.sampled_from([None, None, 2]),
        glass=st.booleans(),
        active=st.sampled_from([True] * 6 + [False]),
    )
    def set_policy(self, stages: Any, hours: Any, glass: bool, active: bool) -> None:
        self.calm -= 1
        data = {
            "stages": [{"approvers": n, "groups": groups} for n, groups in stages],
            "approval_hours": hours,
            "break_glass": glass,
        }
        said: dict[str, Any] = {
            "by": self.user("root"),
            "name": "Mine",
            "weight": 5,
            "rule": data,
            "note": "So.",
        }
        if not self.policy:
            policies.create(**said)
            self.policy = ApprovalPolicy.objects.get(name="Mine").pk
        else:
            version = ApprovalPolicy.objects.get(pk=self.policy).version
            done = self.attempt(
                lambda **it: policies.change(self.policy, **it),
                version=version,
                active=active,
                **said,
            )
            if not done:
                return  # nothing would have been different
        self.known.stages = stages if active else None
        self.known.hours = hours

    @precondition(lambda self: self.may_disturb())
    @rule(
        who=WHO,
        group=st.sampled_from(GROUPS),
        joins=st.sampled_from([True, True, False]),
    )
    def regroup(self, who: str, group: str, joins: bool) -> None:
        self.calm -= 1
        groups = self.user(who).groups
        row = Group.objects.get(name=group)
        if joins:
            groups.add(row)
            self.known.groups[who].add(group)
        else:
            groups.remove(row)
            self.known.groups[who].discard(group)

    @precondition(lambda self: self.may_disturb())
    @rule(who=st.sampled_from(["ann", "ben"]), to=st.sampled_from([True, False, False]))
    def promote(self, who: str, to: bool) -> None:
        self.calm -= 1
        User.objects.filter(username=who).update(is_superuser=to)
        (self.known.superusers.add if to else self.known.superusers.discard)(who)

    @precondition(lambda self: self.may_disturb())
    @rule(giver=WHO, taker=WHO, begins=st.sampled_from([0, 0, 1]))
    def hand_on(self, giver: str, taker: str, begins: int) -> None:
        self.calm -= 1
        starts_at = self.stage.time + timedelta(hours=begins)
        ends_at = starts_at + timedelta(hours=3)
        said = {"to": taker, "starts_at": starts_at, "ends_at": ends_at}
        if self.attempt(
            delegations.delegate, by=self.user(giver), reason="So.", **said
        ):
            self.known.lent.append({**said, "giver": giver})

    # -- requests ----------------------------------------------------------------------
    @precondition(lambda self: self.may_disturb())
    @rule(who=st.sampled_from(["rita", "cat"]))
    def ask(self, who: str) -> None:
        self.calm -= 1
        if self.attempt(
            requests.ask,
            by=self.user(who),
            instance=self.stage.server,
            procedure="live",
            target=self.stage.target,
            reason="So.",
        ):
            self.known.involved = {who}
            self.asked_by = who

    @precondition(lambda self: self.may_disturb())
    @rule(who=st.sampled_from(["rita", "cat", "oto"]), word=st.sampled_from("abc"))
    def amend(self, who: str, word: str) -> None:
        self.calm -= 1
        row = self.latest()
        if row and self.attempt(
            lambda **it: amending.amend(row.pk, **it),
            by=self.user(who),
            plan_digest=row.plan_digest,
            note="So.",
            changes={"reason": word},
        ):
            self.known.involved = {self.asked_by, who}

    @rule(who=st.permutations(PEOPLE), many=st.sampled_from([1, 2, 5, 5]))
    def approve(self, who: list[str], many: int) -> None:
        self.calm += 1
        for name in who[:many]:
            row = self.latest()
            if row and self.attempt(
                lambda row=row, **it: requests.approve(row.pk, **it),
                by=self.user(name),
                plan_digest=row.plan_digest,
                note="So.",
            ):
                self.note(row, name)

    def note(self, row: MigrationRequest, name: str) -> None:
        """Remember the approval; whose say it was must be somebody's who could."""
        decision = row.decisions.last()
        assert decision is not None
        now, giver = self.stage.time, decision.on_behalf_of_name or None
        if giver:
            assert any(
                (it["giver"], it["to"]) == (giver, name)
                and it["starts_at"] <= now < it["ends_at"]
                for it in self.known.lent
            )
            assert giver not in self.known.superusers
        assert name not in self.known.superusers | self.known.involved
        groups = frozenset(self.known.groups[giver or name])
        assert "approver" in groups
        self.known.given.append(Given(row.plan_digest, name, giver, groups, now))

    @precondition(lambda self: self.may_disturb())
    @rule(who=st.sampled_from(["oto", "oto", "ann"]))
    def break_glass(self, who: str) -> None:
        self.calm -= 2
        row = self.latest()
        if row and self.attempt(
            lambda **it: glass.break_glass(row.pk, **it),
            by=self.user(who),
            plan_digest=row.plan_digest,
            reason="So.",
        ):
            assert who == "oto"
            self.known.broken.add(row.plan_digest)

    # -- time --------------------------------------------------------------------------
    @rule(seconds=st.sampled_from([6, 6, 6, 7200]))
    def work_later(self, seconds: int) -> None:
        self.calm += 1
        self.stage.later(seconds=seconds)
        starts.start_due(self.stage.time)
        for run in Run.objects.filter(state="running"):
            digest = run.request.plan_digest
            assert self.known.allows(digest, self.stage.time), self.known
            # it is over, so that the next can be asked for
            Run.objects.filter(pk=run.pk).update(state="closed")
            MigrationRequest.objects.filter(pk=run.request_id).update(
                state="closed", open_instance=None
            )
            self.ask("rita")


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_no_run_starts_that_its_policy_does_not_allow() -> None:
    run_state_machine_as_test(
        Approvals,
        settings=hypothesis.settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )

"""No sequence of calls starts a run that its policy does not allow.

Hypothesis plays everybody: it asks, approves, changes requests and policies, moves
people between groups, hands on says, breaks the glass and lets time pass. What is
allowed is reckoned in policy_oracle.py from what was called.

What gets in between is done only where there is something to get between, so that
most of it happens to plans that are about to start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from django.contrib.auth.models import Group, User
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from migrations_app.errors import NovawebError
from migrations_app.models import ApprovalPolicy, MigrationRequest, Run
from migrations_app.requests import actions as request_actions
from migrations_app.requests import amend as request_amend
from migrations_app.requests import emergency_start
from migrations_app.requests import start as request_start
from migrations_app.requests.approvals import delegations as approval_delegations
from migrations_app.requests.approvals import policies as approval_policies
from tests import factories
from tests.approvals.decided import confirmed
from tests.approvals.policy_oracle import Known
from tests.approvals.policy_stories import GROUPS, HOURS, NTH, STAGES, STORIES, WHO
from tests.played import Play
from tests.shorter import examples

pytestmark = [pytest.mark.django_db, pytest.mark.long]


class Approvals(Play):
    """One instance, six people, one policy that changes, and the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.changes, self.locked, self.calm = 0, False, True
        self.known = Known(groups={name: set(its) for name, its in GROUPS.items()})
        for name, groups in GROUPS.items():
            factories.person(name, *groups)
        factories.person("rita", "requester")
        factories.person("root", staff=True)
        ApprovalPolicy.objects.update(active=False)
        self.policy = factories.policy("Mine").pk

    def user(self, name: str) -> User:
        """Return the person anew: what they may is read again."""
        return User.objects.get(username=name)

    def attempt(self, act: Callable[..., Any], *args: Any, **said: Any) -> bool:
        """Do it; being refused in our own words is no fault."""
        # not in a transaction of ours: what a verb does before it refuses stays done
        with suppress(NovawebError):
            act(*args, **said)
            return True
        return False

    def decided(self, verb: Callable[..., Any], by: str, **said: Any) -> bool:
        """Have somebody do it to the plan as it stands; False: it was refused."""
        row = self.request
        it = {"by": self.user(by), "plan_digest": row.plan_digest, **said}
        return self.attempt(verb, row.pk, **it)

    @property
    def request(self) -> MigrationRequest:
        return MigrationRequest.objects.get(open_instance__isnull=False)

    # -- when it is worth trying -------------------------------------------------------
    @invariant()
    def look(self) -> None:
        """Know the state: the rules are asked more often than it changes."""
        self.state = self.request.state

    def waits(self) -> bool:
        return self.state == "requested"

    def ready(self) -> bool:
        return self.state == "approved"

    def said(self) -> bool:
        """Whether there is what could be overthrown, and was not while it waits."""
        said = self.known.given or self.known.broken
        return bool(said) and (self.calm or self.ready())

    def lending(self) -> list[dict[str, Any]]:
        now = self.stage.time
        return [it for it in self.known.lent if it["starts_at"] <= now < it["ends_at"]]

    # -- the house ---------------------------------------------------------------------
    @precondition(said)
    @rule(
        stages=STAGES,
        hours=HOURS,
        glass=st.booleans(),
        active=st.sampled_from([True] * 6 + [False]),
    )
    def change_policy(self, stages: Any, hours: Any, glass: bool, active: bool) -> None:
        self.calm = False
        self.set_policy(stages, hours, glass=glass, active=active)

    def set_policy(
        self, stages: Any, hours: Any, *, glass: bool = True, active: bool = True
    ) -> None:
        done = self.attempt(
            lambda number, **said: confirmed(approval_policies.change(number, **said)),
            self.policy,
            by=self.user("root"),
            version=ApprovalPolicy.objects.get(pk=self.policy).version,
            name="Mine",
            weight=5,
            active=active,
            rule={
                "stages": [{"approvers": n, "groups": groups} for n, groups in stages],
                "approval_hours": hours,
                "break_glass": glass,
            },
            note="So.",
        )
        if done:  # else nothing would have been different
            self.known.stages = stages if active else None
            self.known.hours = hours

    @precondition(said)
    @rule(who=WHO, group=st.sampled_from(["approver", "board"]))
    def regroup(self, who: str, group: str) -> None:
        self.calm = False
        groups = self.user(who).groups
        row = Group.objects.get(name=group)
        if group in self.known.groups[who]:
            groups.remove(row)
        else:
            groups.add(row)
        self.known.groups[who] ^= {group}

    @precondition(said)
    @rule(nth=NTH)
    def promote(self, nth: int) -> None:
        """Make somebody a superuser whose say was heard, if there is one."""
        self.calm = False
        heard = sorted({who for each in self.known.given for who in each.people})
        if heard:
            who = heard[nth % len(heard)]
            User.objects.filter(username=who).update(is_superuser=True)
            self.known.superusers.add(who)

    @precondition(lambda self: self.waits() and len(self.lending()) < 3)
    @rule(giver=WHO, taker=WHO, begins=st.sampled_from([0, 0, 1]))
    def hand_on(self, giver: str, taker: str, begins: int) -> None:
        starts_at = self.stage.time + timedelta(hours=begins)
        ends_at = starts_at + timedelta(hours=3)
        said = {"to": taker, "starts_at": starts_at, "ends_at": ends_at}
        by = self.user(giver)
        if self.attempt(approval_delegations.delegate, by=by, reason="So.", **said):
            self.known.lent.append({**said, "giver": giver})

    # -- requests ----------------------------------------------------------------------
    @initialize(story=STORIES)
    def begin(self, story: dict[str, Any]) -> None:
        """Have a move asked for, under a policy, and perhaps have its plan changed."""
        self.known.forget()
        User.objects.exclude(username="root").update(is_superuser=False)
        self.set_policy(story["stages"], story["hours"])
        if story["giver"]:
            self.hand_on(story["giver"], "tea", 0)
        self.asker = story["asker"]
        request_actions.ask(
            by=self.user(self.asker),
            instance=self.stage.server,
            procedure="live",
            target=self.stage.target,
            reason="So.",
        )
        self.known.involved, self.calm = {self.asker}, True
        for step in story["past"]:
            match step:
                case "decide":
                    self.decide(story["order"])
                case "amend":
                    self.amend(story["amender"] or self.asker)
                case "break glass":
                    self.start_now("oto")
                case "promote":
                    self.promote(0)
                case "rule anew":
                    self.set_policy(story["next_stages"], story["hours"])
            self.calm = step not in ("promote", "rule anew")

    @precondition(lambda self: self.calm and self.said())
    @rule(who=st.sampled_from(["rita", "cat", "oto", None]))
    def change_plan(self, who: str | None) -> None:
        """Have somebody amend it, or the world be another when it is looked at."""
        self.calm = False
        if who:
            self.amend(who)
        else:
            self.locked = not self.locked
            self.stage.cloud.edit(self.stage.server, locked=self.locked)

    def amend(self, who: str) -> None:
        self.changes += 1
        changes = {"reason": f"So, {self.changes}."}
        if self.decided(request_amend.amend, who, note="So.", changes=changes):
            self.known.involved = {self.asker, who}

    @precondition(waits)
    @rule(who=st.permutations(sorted(GROUPS)), many=st.sampled_from([1, 5, 5]))
    def approve(self, who: list[str], many: int) -> None:
        """Have some approve, or one after the other until it takes no more."""
        self.decide(who[:many])

    @precondition(lambda self: self.waits() and self.lending())
    @rule(nth=NTH)
    def approve_for_and_by(self, nth: int) -> None:
        """Have somebody approve for somebody, who then does so too."""
        lending = self.lending()
        lent = lending[nth % len(lending)]
        self.decide([lent["to"], lent["giver"]])

    def decide(self, people: Sequence[str]) -> None:
        self.calm = True
        for name in people:
            row = self.request
            if row.state != "requested":
                break
            if self.decided(request_actions.approve, name, note="So."):
                decision = row.decisions.last()
                assert decision is not None
                giver = decision.on_behalf_of_name or None
                self.known.heard(row.plan_digest, name, giver, self.stage.time)
        self.look()
        if self.ready():
            self.expect_allowed(self.request)

    def expect_allowed(self, row: MigrationRequest) -> None:
        assert self.known.allows(row.plan_digest, self.stage.time), self.known

    @precondition(lambda self: self.calm and self.known.stages)
    @rule(who=st.sampled_from(["oto", "oto", "ann"]))
    def start_now(self, who: str) -> None:
        self.calm = False
        digest = self.request.plan_digest
        if self.decided(emergency_start.start, who, reason="So."):
            assert who == "oto"
            self.known.broken.add(digest)

    # -- time --------------------------------------------------------------------------
    @precondition(lambda self: self.ready() and not self.calm)
    @rule(hours=st.sampled_from([0, 0, 2]), story=STORIES)
    def work(self, hours: int, story: dict[str, Any]) -> None:
        self.work_after(timedelta(hours=hours), story)

    @precondition(said)
    @rule(story=STORIES)
    def work_late(self, story: dict[str, Any]) -> None:
        self.work_after(timedelta(hours=2), story)

    def work_after(self, span: timedelta, story: dict[str, Any]) -> None:
        """Have what is due begin; what runs is over at once, and the next is asked."""
        self.calm = True
        self.stage.time += span + timedelta(seconds=6)
        request_start.start_due(self.stage.time)
        for run in Run.objects.filter(state="running"):
            self.expect_allowed(run.request)
            Run.objects.filter(pk=run.pk).update(state="closed")
            MigrationRequest.objects.filter(pk=run.request_id).update(
                state="closed", open_instance=None
            )
            self.begin(story)


SETTINGS = hypothesis.settings(
    max_examples=examples(28),
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_no_run_starts_that_its_policy_does_not_allow() -> None:
    run_state_machine_as_test(Approvals, settings=SETTINGS)

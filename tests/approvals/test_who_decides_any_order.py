"""No run starts with fewer independent people than its rules take.

Hypothesis plays everybody: people join, leave and come back, give each other roles,
lend their rights, change policies and windows, ask, edit and approve. Who counts is
reckoned in independent.py from what was called.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from django.contrib.auth.models import Group, Permission, User
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from migrations_app.audit.account_changes import AccountSnapshot, record_changes
from migrations_app.errors import NovawebError
from migrations_app.models import (
    ApprovalPolicy,
    MigrationRequest,
    PolicyProposal,
    Run,
)
from migrations_app.requests import actions as request_actions
from migrations_app.requests import amend as request_amend
from migrations_app.requests import start as request_start
from migrations_app.requests.approvals import delegations as approval_delegations
from migrations_app.requests.approvals import policies as approval_policies
from migrations_app.requests.approvals import proposals as policy_proposals
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows.actions import Wish
from tests import factories
from tests.approvals.independent import Approved, Known, Rules
from tests.played import Play
from tests.shorter import examples

pytestmark = [pytest.mark.django_db, pytest.mark.long]
PEOPLE = {
    "rita": {"requester"},
    "oto": {"operator", "approver"},
    "ola": {"operator", "approver"},
    "ann": {"approver"},
    "ben": {"approver"},
    "tea": {"auditor"},
}
WHO = st.sampled_from(sorted(PEOPLE))
ASKERS = st.sampled_from(["rita", "oto"])
RULES = st.builds(Rules, st.integers(1, 3), st.booleans())
ROLES = st.sampled_from(["approver", "operator", "requester"])


class Deciders(Play):
    """One instance, six people of whom some may do much, one policy, and windows."""

    def __init__(self) -> None:
        super().__init__()
        self.known = Known()
        self.edits = 0
        for name, roles in PEOPLE.items():
            user = factories.person(name, *roles)
            # everybody is staff that may change policies: nothing else holds them back
            user.is_staff = True
            user.save()
            user.user_permissions.add(
                Permission.objects.get(codename="change_approvalpolicy")
            )
            self.known.roles[name] = set(roles)
            self.known.active.add(name)
        ApprovalPolicy.objects.update(active=False)
        factories.policy("Else", weight=0)
        self.policy = factories.policy("Mine").pk

    def user(self, name: str) -> User:
        return User.objects.get(username=name)

    def attempt(self, act: Callable[..., Any], *args: Any, **said: Any) -> Any:
        """Do it; being refused in our own words is no fault."""
        with suppress(NovawebError):
            return act(*args, **said)
        return None

    @property
    def request(self) -> MigrationRequest | None:
        return MigrationRequest.objects.filter(open_instance__isnull=False).first()

    def is_open(self) -> bool:
        return self.request is not None

    # -- people ------------------------------------------------------------------------
    @rule(who=WHO)
    def leave_or_come_back(self, who: str) -> None:
        """Have the account switched off, or on again, by nobody who approves."""
        self.known.active ^= {who}
        User.objects.filter(username=who).update(is_active=who in self.known.active)

    @rule(by=WHO, who=WHO, role=ROLES)
    def regroup(self, by: str, who: str, role: str) -> None:
        """Have somebody give somebody a role, or take it from them, as recorded."""
        user, group = self.user(who), Group.objects.get(name=role)
        before = AccountSnapshot.take(user)
        roles = self.known.roles[who]
        if role in roles:
            user.groups.remove(group)
        else:
            user.groups.add(group)
            if role == "approver":
                self.known.grants.append((by, who))
        roles ^= {role}
        record_changes(before, AccountSnapshot.take(user), by=self.user(by))

    @rule(giver=WHO, taker=WHO)
    def lend(self, giver: str, taker: str) -> None:
        now = self.stage.time
        span = {"starts_at": now, "ends_at": now + timedelta(hours=3)}
        self.attempt(
            approval_delegations.delegate,
            by=self.user(giver),
            to=taker,
            reason="So.",
            **span,
        )

    # -- rules -------------------------------------------------------------------------
    @rule(by=WHO, second=WHO, rules=RULES)
    def change_policy(self, by: str, second: str, rules: Rules) -> None:
        row = ApprovalPolicy.objects.get(pk=self.policy)
        done = self.attempt(
            approval_policies.change,
            row.pk,
            by=self.user(by),
            version=row.version,
            name=row.name,
            weight=row.weight,
            active=True,
            rule={
                "stages": [{"groups": ["approver"], "approvers": rules.approvers}],
                "window": "outside" if rules.outside else "any",
            },
            note="So.",
        )
        setters = {by}
        if isinstance(done, PolicyProposal):
            setters.add(second)
            said = {"by": self.user(second), "note": "So."}
            done = self.attempt(policy_proposals.confirm, done.pk, **said)
            assert done is None or second != by
        if done:
            self.known.setters |= setters
            self.known.rules = replace(rules, windows=self.known.rules.windows)

    @rule(by=WHO)
    def change_windows(self, by: str) -> None:
        """Have a window made that covers all of the story, or retired."""
        windows = self.known.rules.windows
        if windows:
            (number,) = windows
            note = "So."
            if self.attempt(window_actions.retire, number, by=self.user(by), note=note):
                self.known.rules = replace(self.known.rules, windows=frozenset())
            return
        starts = (self.stage.time - timedelta(hours=1)).replace(
            tzinfo=None, microsecond=0
        )
        ends = starts + timedelta(days=30)
        wish = Wish("W", "maintenance", starts, ends, "So.", "UTC")
        if row := self.attempt(window_actions.create, wish, by=self.user(by)):
            made = frozenset({row.pk})
            self.known.rules = replace(self.known.rules, windows=made)

    # -- the request -------------------------------------------------------------------
    @initialize(rules=RULES, who=ASKERS)
    def begin(self, rules: Rules, who: str) -> None:
        self.change_policy("ben", "tea", rules)
        self.ask(who)

    @precondition(lambda self: not self.is_open())
    @rule(who=ASKERS)
    def ask(self, who: str) -> None:
        if self.attempt(
            request_actions.ask,
            by=self.user(who),
            instance=self.stage.server,
            procedure="live",
            target=self.stage.target,
            reason="So.",
        ):
            self.known.ask(who)

    @precondition(is_open)
    @rule(who=st.sampled_from(["rita", "oto", "ola"]))
    def edit(self, who: str) -> None:
        row = self.request
        assert row is not None
        self.edits += 1
        if self.attempt(
            request_amend.amend,
            row.pk,
            by=self.user(who),
            plan_digest=row.plan_digest,
            note="So.",
            changes={"reason": f"So, {self.edits}."},
        ):
            self.known.editors.append(who)

    @precondition(is_open)
    @rule(people=st.permutations(sorted(PEOPLE)), many=st.sampled_from([1, 2, 6, 6]))
    def approve(self, people: list[str], many: int) -> None:
        for name in people[:many]:
            row = self.request
            if row is None or row.state != "requested":
                return
            digest = row.plan_digest
            if self.attempt(
                request_actions.approve,
                row.pk,
                by=self.user(name),
                plan_digest=digest,
                note="So.",
            ):
                decision = row.decisions.last()
                assert decision is not None
                giver = decision.on_behalf_of_name or None
                self.known.approved.append(Approved(digest, name, giver))

    @precondition(is_open)
    @rule()
    def work(self) -> None:
        """Have what is due begin; a run that begins is judged, and over at once."""
        self.stage.later(seconds=6)
        request_start.start_due(self.stage.time)
        for run in Run.objects.filter(state="running"):
            digest = run.request.plan_digest
            assert self.known.wished_for(), self.known
            found = self.known.independent(digest)
            assert found >= self.known.needed(), (found, self.known)
            Run.objects.filter(pk=run.pk).update(state="closed")
            MigrationRequest.objects.filter(pk=run.request_id).update(
                state="closed", open_instance=None
            )


SETTINGS = hypothesis.settings(
    max_examples=examples(24),
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_no_run_starts_with_fewer_independent_people_than_its_rules_take() -> None:
    run_state_machine_as_test(Deciders, settings=SETTINGS)

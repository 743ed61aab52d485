"""No sequence of calls starts a run that its policy does not allow.

Hypothesis plays everybody: it asks, approves, changes requests and policies, moves
people between groups, hands on says, breaks the glass and lets time pass. What is
allowed is reckoned here from what was called, by trying every way to fill the stages:
nothing of approval/ is used, nor what the rows say about groups or delegations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import permutations
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


@dataclass(frozen=True)
class Given:
    """An approval that was accepted, and what was so at that moment."""

    digest: str
    person: str
    giver: str | None
    groups: frozenset[str]
    at: datetime

    @property
    def people(self) -> frozenset[str]:
        return frozenset({self.person, self.giver} - {None})  # type: ignore[arg-type]


@dataclass
class Known:
    """What the test itself has seen being called."""

    groups: dict[str, set[str]] = field(default_factory=dict)
    superusers: set[str] = field(default_factory=set)
    stages: list[tuple[int, list[str]]] | None = None
    hours: int | None = None
    given: list[Given] = field(default_factory=list)
    lent: list[dict[str, Any]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    involved: set[str] = field(default_factory=set)

    def allows(self, digest: str, now: datetime) -> bool:
        """Whether some of the approvals, in their order, fill every stage."""
        if digest in self.broken:
            return True
        if self.stages is None:
            return False
        never = self.involved | self.superusers
        lasting = timedelta(hours=self.hours) if self.hours else timedelta.max
        count = [
            each
            for each in self.given
            if each.digest == digest
            and not each.people & never
            and now - each.at < lasting
        ]
        slots = [groups for many, groups in self.stages for _ in range(many)]
        # a decision of a later stage comes after all of those before it
        return any(
            self._fills(chosen, slots) for chosen in permutations(count, len(slots))
        )

    def _fills(self, chosen: Iterable[Given], slots: list[list[str]]) -> bool:
        chosen = list(chosen)
        people = [person for each in chosen for person in each.people]
        places = [self.given.index(each) for each in chosen]
        return (
            len(people) == len(set(people))
            and places == sorted(places)
            and all(
                each.groups & set(wanted)
                for each, wanted in zip(chosen, slots, strict=True)
            )
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

    def teardown(self) -> None:
        self.patch.undo()
        transaction.set_rollback(True)
        self.rows.__exit__(None, None, None)

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

    @rule(
        stages=STAGES,
        hours=st.sampled_from([None, None, 2]),
        glass=st.booleans(),
        active=st.sampled_from([True, True, True, False]),
    )
    def set_policy(self, stages: Any, hours: Any, glass: bool, active: bool) -> None:
        data = {
            "stages": [{"approvers": n, "groups": groups} for n, groups in stages],
            "approval_hours": hours,
            "break_glass": glass,
        }
        said = {
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

    @rule(who=WHO, group=st.sampled_from(GROUPS), joins=st.booleans())
    def regroup(self, who: str, group: str, joins: bool) -> None:
        groups = self.user(who).groups
        row = Group.objects.get(name=group)
        if joins:
            groups.add(row)
            self.known.groups[who].add(group)
        else:
            groups.remove(row)
            self.known.groups[who].discard(group)

    @rule(who=st.sampled_from(["ann", "ben"]), to=st.booleans())
    def promote(self, who: str, to: bool) -> None:
        User.objects.filter(username=who).update(is_superuser=to)
        (self.known.superusers.add if to else self.known.superusers.discard)(who)

    @rule(giver=WHO, taker=WHO, begins=st.sampled_from([0, 0, 1]))
    def hand_on(self, giver: str, taker: str, begins: int) -> None:
        starts_at = self.stage.time + timedelta(hours=begins)
        ends_at = starts_at + timedelta(hours=3)
        said = {"to": taker, "starts_at": starts_at, "ends_at": ends_at}
        if self.attempt(
            delegations.delegate, by=self.user(giver), reason="So.", **said
        ):
            self.known.lent.append({**said, "giver": giver})

    # -- requests ----------------------------------------------------------------------
    @rule(who=st.sampled_from(["rita", "cat"]))
    def ask(self, who: str) -> None:
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

    @rule(who=st.sampled_from(["rita", "cat", "oto"]), word=st.sampled_from("abc"))
    def amend(self, who: str, word: str) -> None:
        row = self.latest()
        if row and self.attempt(
            lambda **it: amending.amend(row.pk, **it),
            by=self.user(who),
            plan_digest=row.plan_digest,
            note="So.",
            changes={"reason": word},
        ):
            self.known.involved = {self.asked_by, who}

    @rule(who=WHO, again=st.sampled_from(["", "", "ann", "ben"]))
    def approve(self, who: str, again: str) -> None:
        for name in filter(None, (who, again)):
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

    @rule(who=st.sampled_from(["oto", "oto", "ann"]))
    def break_glass(self, who: str) -> None:
        row = self.latest()
        if row and self.attempt(
            lambda **it: glass.break_glass(row.pk, **it),
            by=self.user(who),
            plan_digest=row.plan_digest,
            reason="So.",
        ):
            assert who == "oto"
            self.known.broken.add(row.plan_digest)

    @rule(locked=st.booleans())
    def the_world_changes(self, locked: bool) -> None:
        self.stage.cloud.edit(self.stage.server, locked=locked)

    # -- time --------------------------------------------------------------------------
    @rule(seconds=st.sampled_from([1, 6, 6, 3600, 7200]))
    def work_later(self, seconds: int) -> None:
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


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_no_run_starts_that_its_policy_does_not_allow() -> None:
    run_state_machine_as_test(
        Approvals,
        settings=hypothesis.settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )

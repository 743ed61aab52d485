"""The status of a plan's approvals under a rule. Pure.

It is computed from all decisions about the plan, in the order in which they were made,
and never stored: so a rule that has changed counts all of them in its own way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from migrations_app.requests.approvals.hands import Hands
from migrations_app.requests.approvals.rules import Rule, Stage

_EARLIER = (
    " So it was when this was requested, and since then a policy can only become"
    " stricter for it: to have today's policy alone, request it again."
)


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval of the plan, and the right by which it was given.

    ``giver`` delegated that right to ``person``; None: it is the person's own. The
    groups are those of the right's owner when the approval was given.
    """

    person: int
    name: str
    groups: frozenset[str]
    at: datetime
    giver: int | None = None
    giver_name: str = ""
    # who made them able to approve after it was requested: counts for these too
    rests_on: frozenset[int] = frozenset()

    @property
    def people(self) -> frozenset[int]:
        """The IDs of everybody whose right this approval uses up."""
        return frozenset(
            {self.person} | ({self.giver} if self.giver is not None else set())
        )

    @property
    def words(self) -> str:
        """The approver's name, as in: A, or A for B."""
        return f"{self.name} for {self.giver_name}" if self.giver_name else self.name


@dataclass(slots=True)
class StageStatus:
    """A stage and the approvals that count for it."""

    stage: Stage
    approvals: list[Approval] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether enough people have approved."""
        return len(self.approvals) >= self.stage.approvers

    @property
    def missing(self) -> int:
        """How many people are missing."""
        return max(0, self.stage.approvers - len(self.approvals))


@dataclass(frozen=True, slots=True)
class ApprovalStatus:
    """The status of a plan's approvals under the rule that applies."""

    rule: Rule
    stages: tuple[StageStatus, ...]
    lapsed: int  # approvals that were given too long ago
    hands: Hands = field(default_factory=Hands)
    # Every rule that must be satisfied, this one among them; and whether this one is of
    # when it was requested, while another applies today.
    rules: tuple[Rule, ...] = ()
    earlier: bool = False
    # Why some approvals do not count, a sentence each; why none can; empty: they can.
    void: tuple[str, ...] = ()
    blocked: str = ""

    @property
    def current(self) -> StageStatus | None:
        """The first stage that is not done; None when all are done."""
        return next((stage for stage in self.stages if not stage.done), None)

    @property
    def satisfied(self) -> bool:
        """Whether all approvals that the rule needs are there."""
        return self.current is None and not self.blocked

    @property
    def given(self) -> int:
        """How many approvals count."""
        return sum(len(stage.approvals) for stage in self.stages)

    @property
    def needed(self) -> int:
        """How many approvals it takes in all."""
        return self.rule.needed

    @property
    def missing(self) -> int:
        """How many approvals are missing in all stages."""
        return sum(stage.missing for stage in self.stages)

    @property
    def counted(self) -> frozenset[int]:
        """The IDs of everybody whose approval right has been used."""
        return frozenset().union(
            *(approval.people for stage in self.stages for approval in stage.approvals)
        )

    @property
    def sentence(self) -> str:
        """Who must still approve, as a sentence."""
        if self.blocked:
            return self.blocked
        stage = self.current
        if stage is None:
            return "All approvals that the policy requires are given."
        more = " more" if stage.approvals else ""
        place = self.stages.index(stage) + 1
        of = f" in stage {place} of {len(self.stages)}" if len(self.stages) > 1 else ""
        return (
            f"Needs {stage.missing}{more} approval{'' if stage.missing == 1 else 's'}"
            f" of {stage.stage.words.partition(' of ')[2]}{of}."
        ) + (_EARLIER if self.earlier else "")

    def accepts(self, groups: Collection[str]) -> bool:
        """Whether somebody in these groups may approve now.

        When all have approved, any group of the rule may still approve.
        """
        stage = self.current
        wanted = [stage.stage] if stage else self.rule.stages
        return any(set(groups) & set(each.groups) for each in wanted)


def approval_status(
    rule: Rule,
    approvals: Iterable[Approval],
    *,
    now: datetime,
) -> ApprovalStatus:
    """Return the status of the plan's approvals, which are in order of time.

    An approval counts for the stage that is current at that moment, if one of its
    groups is in the stage; else it counts nowhere. Nobody counts twice, whether for
    themselves, for somebody else, or as the one whom another's right rests on.
    """
    stages = tuple(StageStatus(stage) for stage in rule.stages)
    hours = rule.approval_hours
    lasting = None if hours is None else timedelta(hours=hours)
    used: set[int] = set()
    lapsed = 0
    for approval in approvals:
        uses = approval.people | approval.rests_on
        if uses & used:
            continue
        if lasting is not None and approval.at + lasting <= now:
            lapsed += 1
            continue
        stage = next((each for each in stages if not each.done), None)
        if stage is not None and approval.groups & set(stage.stage.groups):
            stage.approvals.append(approval)
            used |= uses
    return ApprovalStatus(rule, stages, lapsed)

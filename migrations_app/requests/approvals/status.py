"""Where the approvals of a plan stand under a rule: pure, and told from the beginning.

Every decision about the plan is looked at anew, in the order in which they were made.
So a rule that changed meanwhile counts them its own way, and nothing is remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from migrations_app.requests.approvals.rules import Rule, Stage


@dataclass(frozen=True, slots=True)
class Say:
    """One person's approval of the plan, and by whose right.

    ``giver`` handed their say on to ``person``; None: it is the person's own. The
    groups are those of whose say it is, when it was given.
    """

    person: int | None
    name: str
    groups: frozenset[str]
    at: datetime
    giver: int | None = None
    giver_name: str = ""

    @property
    def people(self) -> frozenset[int]:
        """Everybody whose say this uses up."""
        return frozenset(p for p in (self.person, self.giver) if p is not None)

    @property
    def words(self) -> str:
        """Who says so: A, or A for B."""
        return f"{self.name} for {self.giver_name}" if self.giver_name else self.name


@dataclass(slots=True)
class StageStanding:
    """What a stage needs and has."""

    stage: Stage
    have: list[Say] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether enough people have approved."""
        return len(self.have) >= self.stage.approvers

    @property
    def left(self) -> int:
        """How many people are missing."""
        return max(0, self.stage.approvers - len(self.have))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the approvals of a plan stand under the rule that rules."""

    rule: Rule
    stages: tuple[StageStanding, ...]
    lapsed: int  # approvals that were given too long ago

    @property
    def current(self) -> StageStanding | None:
        """The stage whose turn it is; None when all are done."""
        return next((stage for stage in self.stages if not stage.done), None)

    @property
    def satisfied(self) -> bool:
        """Whether everybody has approved whom the rule wants."""
        return self.current is None

    @property
    def have(self) -> int:
        """How many approvals count."""
        return sum(len(stage.have) for stage in self.stages)

    @property
    def needed(self) -> int:
        """How many approvals it takes in all."""
        return self.rule.needed

    @property
    def counted(self) -> frozenset[int]:
        """Everybody whose say has been counted."""
        return frozenset().union(
            *(say.people for stage in self.stages for say in stage.have)
        )

    @property
    def sentence(self) -> str:
        """Who must still approve, as a sentence."""
        stage = self.current
        if stage is None:
            return "Everybody has approved whom the policy wants."
        more = " more" if stage.have else ""
        place = self.stages.index(stage) + 1
        of = f" in stage {place} of {len(self.stages)}" if len(self.stages) > 1 else ""
        return (
            f"It takes {stage.left}{more} of"
            f" {stage.stage.words.partition(' of ')[2]}{of}."
        )

    def fits(self, groups: Collection[str]) -> bool:
        """Whether somebody of these groups may approve now.

        When all have approved, whoever could have may say so once more.
        """
        stage = self.current
        wanted = [stage.stage] if stage else self.rule.stages
        return any(set(groups) & set(each.groups) for each in wanted)


def standing(
    rule: Rule, says: Iterable[Say], *, never: Collection[int], now: datetime
) -> Standing:
    """Return where the approvals of a plan stand; ``says`` are in order of time.

    A say counts for the first stage that is unfinished at its turn, if its groups fit;
    else it counts nowhere. Nobody counts twice, neither by oneself nor for somebody
    else, nor does anybody in ``never``, nor their say in somebody's hands.
    """
    stages = tuple(StageStanding(stage) for stage in rule.stages)
    hours = rule.approval_hours
    lasting = None if hours is None else timedelta(hours=hours)
    used: set[int] = set()
    lapsed = 0
    for say in says:
        if say.person is None or say.people & (used | set(never)):
            continue
        if lasting is not None and say.at + lasting <= now:
            lapsed += 1
            continue
        stage = next((each for each in stages if not each.done), None)
        if stage is not None and say.groups & set(stage.stage.groups):
            stage.have.append(say)
            used |= say.people
    return Standing(rule, stages, lapsed)

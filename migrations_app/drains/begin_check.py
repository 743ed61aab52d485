"""Whether a move of a drain may begin now: as approved, where nothing forbids it.

The approval covers the procedure, its steps and their facts, on the target or one of
the fallbacks. A new warning stops this move only. Here it is only decided; moves.py
carries it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from migrations_app.integrations import connect
from migrations_app.models import Drain, Instance, MigrationRequest
from migrations_app.models.states import DROPPED, RequestState
from migrations_app.preflight.finding import Severity
from migrations_app.requests import plan as request_plan
from migrations_app.requests import plan_diff
from migrations_app.requests.plan import Draft
from migrations_app.requests.windows import places, schedule
from migrations_app.runs import reenable_hosts

# What may come of the drain's own other moves, and was weighed when it was placed.
OF_THE_DRAIN = frozenset({"group.soft"})
# What may go away when other moves of the drain are over.
PASSING = frozenset({"target.room", "group.affinity", "group.anti_affinity"})


@dataclass(frozen=True, slots=True)
class Begin:
    """It may begin: by this plan, to this target, which may be a fallback."""

    target: str
    plan: Draft


@dataclass(frozen=True, slots=True)
class Postpone:
    """It may not begin yet; it is tried again then, or in a while."""

    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """It is not made, and its request ends in that state."""

    why: str
    state: RequestState = RequestState.LEFT


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Reason against one target. ``rule``: the finding's; empty: it is new."""

    rule: str
    sentence: str


def not_yet(move: MigrationRequest, *, now: datetime) -> Postpone | Skip | None:
    """Return what of other runs or the calendar keeps the move; None: nothing."""
    if sentence := reenable_hosts.in_the_way(move):
        return Postpone(sentence)
    if said := schedule.start_block(move, now):
        return Skip(said.sentence) if said.over else Postpone(said.sentence, said.again)
    return None


def start_block_to(
    move: MigrationRequest, target: str, *, now: datetime
) -> schedule.StartBlock | None:
    """Return what the calendar has against a start now, to that target."""
    return schedule.start_block_at(
        places.where(move.cloud.name, [move.source, target], any_target=not target),
        now,
        window=(move.window_start, move.window_end),
        estimate=move.estimate,
    )


def decide(
    drain: Drain, move: MigrationRequest, *, now: datetime
) -> Begin | Postpone | Skip:
    """Plan the move again to each approved target; begin at the first that takes it.

    A fallback that is in a freeze waits for its end. Writes nothing. Raises what the
    cloud raises, and the errors of the database.
    """
    refusals: list[_Refusal] = []
    frozen: Postpone | None = None
    for target in (move.target or "", *move.fallbacks):
        is_fallback = target != move.target
        if is_fallback and _has_mate(drain, move, target):
            continue
        if is_fallback and (block := start_block_to(move, target, now=now)):
            if not block.over:
                frozen = frozen or Postpone(block.sentence, block.again)
            refusals.append(_Refusal("", f"{target}: {block.sentence}"))
            continue
        drawn = request_plan.draft(
            connect.world_for(drain.cloud.name),
            instance=move.instance,
            procedure=move.procedure,
            target=target,
            options=move.options,
            edition=move.edition + is_fallback,
            token=move.token,
        )
        if drawn.move.source != move.source:
            where = drawn.move.source or "no host"
            return Skip(
                f"It is on {where} now, not on {move.source}: somebody moved it.",
                RequestState.WITHDRAWN,
            )
        if gaps := [*drawn.unread.values(), *drawn.silent.values()]:
            return Postpone(gaps[0])
        if late := request_plan.too_late(move, drawn, elsewhere=is_fallback):
            return Postpone(late)
        refusal = _refusal(move, drawn, target)
        if refusal is None:
            return Begin(target, drawn)
        refusals.append(refusal)
    if frozen:
        return frozen
    others = drain.moves.filter(state=RequestState.RUNNING).exists()
    if others and any(refusal.rule in PASSING for refusal in refusals):
        return Postpone(f"Other moves must end first. {refusals[0].sentence}")
    said = " ".join(refusal.sentence for refusal in refusals)
    return Skip(f"The plan is no longer valid for any approved target. {said}")


def _refusal(move: MigrationRequest, drawn: Draft, target: str) -> _Refusal | None:
    if drawn.blocking:
        finding = drawn.blocking[0]
        return _Refusal(finding.rule, f"{target}: {finding.sentence}")
    if worry := unexpected_findings(move, drawn, is_fallback=target != move.target):
        return _Refusal("", f"{target}: {worry}")
    return None


def unexpected_findings(
    move: MigrationRequest, drawn: Draft, *, is_fallback: bool
) -> str:
    """Return what of the plan nobody has approved, as a sentence; empty: nothing.

    ``is_fallback``: the name of another target is in its sentences.
    """
    approved = {
        (each["rule"], each["severity"], "" if is_fallback else each["sentence"])
        for each in move.findings
    }
    for each in drawn.findings:
        said = (each.rule, str(each.severity), "" if is_fallback else each.sentence)
        quiet = each.severity is Severity.OK or each.rule in OF_THE_DRAIN
        if not quiet and said not in approved:
            return f"New since the approval: {each.sentence}"
    if not is_fallback:
        lines = plan_diff.differences(move, drawn)
        real = [line for line in lines if line["what"] != "finding"]
        return plan_diff.sentences(real) if real else ""
    shape = [(step["key"], step["final"]) for step in drawn.plan]
    if shape != [(step["key"], step["final"]) for step in move.plan]:
        return "The steps differ from the approved ones."
    if dict(drawn.move.facts) != dict(move.facts):
        return "The facts that the plan depends on differ from the approved ones."
    return ""


def _has_mate(drain: Drain, move: MigrationRequest, target: str) -> bool:
    """Whether a mate of its server group goes, or went, to that host in this drain."""
    known = Instance.objects.filter(cloud=drain.cloud_id)
    group = known.filter(uuid=move.instance).values_list("group", flat=True).first()
    if not group:
        return False
    mates = known.filter(group=group).values("uuid")
    rows = drain.moves.exclude(state__in=DROPPED).exclude(pk=move.pk)
    return rows.filter(target=target, instance__in=mates).exists()

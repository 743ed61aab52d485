"""The page about advice, made of typical situations: docs/advice.md."""

from __future__ import annotations

from textwrap import fill

from migrations_app.preflight.advice import Advice, advise
from migrations_app.preflight.example_situations import SITUATIONS
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.option import Option
from migrations_app.preflight.rule import PROCEDURES
from migrations_app.preflight.situation import Situation

# What these always say says nothing about a situation.
_ALWAYS = {"disabling.needless", "disabling.cost", "manual.last"}

_HEAD = """\
# When to use which procedure

novaweb has four procedures to move an instance to another host. Before a move is
requested it checks all of them, and recommends the possible one that harms the guest
least:

- **Live** (`live`): the guest keeps running. With shared storage, or booted from a
  volume, only its memory is copied; otherwise its disks are copied too;
- **Cold** (`cold`): Nova shuts the guest down, copies its disks unless they are in
  Ceph or volumes, and starts it on the target;
- **Cold, forced target** (`cold_by_disabling`): the same, with every other host
  disabled meanwhile, so that Nova's scheduler has no choice. For clouds where our
  account may not name the target;
- **Manual** (`manual`): novaweb itself copies the disks over SSH and changes Nova's
  database. For instances that Nova cannot move.

What harms least is decided in this order: what is lost for good, what may be lost, how
long the guest is off (by order of magnitude, possible repairs included), how likely
Nova is to refuse ([why](adr/0018-advice-weighs-harm.md)). A check that was not possible
does not turn a guest off: at worst Nova refuses the request.

The last two are recommended only when both others are blocked, lose something for good
or may well leave the guest off, and policies can require more approvals for them. They
were invented for instances with local disks and a config drive that need a certain
target; this is no reason any more. Nova always accepts a target for a live migration,
and for a cold one since 17.0 (Queens). A config drive does not stop a live migration
since 14.0 (Newton), but a block migration empties it since 30.1 (2024.2): then a cold
migration is recommended.

In the examples below an instance on compute-30 moves to compute-34 in a cloud of Nova
2026.1, unless stated otherwise, and novaweb has access to the hosts and Nova's
database. The rules and their reasons are in [rules.md](rules.md). Findings that the
last two procedures always have are not repeated. Each example names the file of Nova,
with its release, or the page of its documentation that shows why.

"Yes, but" is a warning; "perhaps" means that a check was not possible; "none" means
that every procedure is blocked, or may well leave the guest off until a person repairs
it: solve the problem, or choose another target.

This page is generated: change the rules or the situations, then run
`python -m migrations_app.preflight advice > docs/advice.md`.
"""


def page() -> str:
    """Return docs/advice.md as it has to be."""
    heads = " | ".join(PROCEDURES)
    advised = [
        (situation, advise(situation.known, targets=[situation.target]))
        for situation in SITUATIONS
    ]
    table = [
        f"| Situation | Advised | {heads} |",
        "|" + " --- |" * (2 + len(PROCEDURES)),
        *(_row(situation, advice) for situation, advice in advised),
    ]
    body = [_section(situation, advice) for situation, advice in advised]
    return "\n".join([_HEAD, *table, "", *body])


def _row(situation: Situation, advice: Advice) -> str:
    cells = [_cell(option) for option in _options(advice)]
    return f"| {situation.title} | {_advised(advice)} | {' | '.join(cells)} |"


def _cell(option: Option) -> str:
    against = _against(option)
    if not against:
        return "yes"
    weight = max(severity.weight for severity, _ in against)
    return {1: "yes, but", 2: "perhaps", 3: "no"}[weight]


def _section(situation: Situation, advice: Advice) -> str:
    said = f"Advised: {_advised(advice)}. {advice.why}"
    lines = [f"## {situation.title}", "", _filled(said), ""]
    for option in _options(advice):
        words = " ".join(sentence for _, sentence in _against(option))
        text = f"- {option.procedure}: {words or 'no check prevents it.'}"
        lines.append(_filled(text, indent="  "))
    return "\n".join([*lines, "", _filled(f"Source: {situation.authority}."), ""])


def _filled(text: str, *, indent: str = "") -> str:
    return fill(text.strip(), 88, subsequent_indent=indent, break_on_hyphens=False)


def _advised(advice: Advice) -> str:
    best = advice.recommended
    return f"**{best.procedure}**" if best else "none"


def _options(advice: Advice) -> list[Option]:
    by_name = {option.procedure: option for option in advice.options}
    return [by_name[name] for name in PROCEDURES]


def _against(option: Option) -> list[tuple[Severity, str]]:
    """Return the findings that block, or else all that are not ok."""
    found = [
        f
        for f in option.findings
        if f.severity is not Severity.OK and f.rule not in _ALWAYS
    ]
    blocking = [f for f in found if f.severity is Severity.BLOCKS]
    return [(f.severity, f.sentence) for f in blocking or found]

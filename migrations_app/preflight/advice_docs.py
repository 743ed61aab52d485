"""The page about advice, made of typical situations: docs/advice.md."""

from __future__ import annotations

from textwrap import fill

from migrations_app.preflight.advice import Option, advise
from migrations_app.preflight.example_situations import SITUATIONS, Situation
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import PROCEDURES

# What these always say says nothing about a situation.
_ALWAYS = {"disabling.needless", "disabling.cost", "manual.last"}

_HEAD = """\
# When to use which way

There are four ways to move an instance to another host. novaweb tries them all before
a move is asked for, and advises the one with the least downtime that nothing speaks
against:

- **live**: the guest goes on running. With shared storage, or booted from a volume,
  only its memory is copied; otherwise its disks are, too;
- **cold**: Nova shuts the guest down, copies its disks and starts it on the target;
- **cold_by_disabling**: the same, with every other host disabled meanwhile so that
  Nova's scheduler has no choice. For clouds where our account may not name the target;
- **manual**: novaweb itself copies the disks over SSH and changes Nova's database. For
  what Nova will not or cannot move.

The last two are dirty: they are advised only when both others are blocked, and want
more approvals. That a target must be chosen although the instance has local disks and a
config drive, for which they were once invented, is no reason any more: Nova takes a
target for a live migration always, and for a cold one since 17.0 (Queens). A config
drive does not stop a live migration since 14.0 (Newton), but a block migration empties
it since 2025.1: a cold one is advised then.

Below, an instance on compute-30 is to go to compute-34 in a cloud of Nova 2026.1 unless
said otherwise, and novaweb may enter the hosts and Nova's database. Which rule speaks,
and why, is in [rules.md](rules.md). What always speaks against the dirty ways is not
repeated.

"Yes, but" is a warning that a person should know; "perhaps" something that could not be
found out; "none" means that what speaks against it must be mended, or another target
chosen.

This page is made by asking the adviser: change its rules or the situations, then run
`python -m migrations_app.preflight advice > docs/advice.md`.
"""


def page() -> str:
    """Return docs/advice.md as it has to be."""
    heads = " | ".join(PROCEDURES)
    table = [
        f"| Situation | Advised | {heads} |",
        "|" + " --- |" * (2 + len(PROCEDURES)),
        *(_row(situation) for situation in SITUATIONS),
    ]
    body = [_section(situation) for situation in SITUATIONS]
    return "\n".join([_HEAD, *table, "", *body])


def _row(situation: Situation) -> str:
    options = _options(situation)
    cells = [_cell(options[name]) for name in PROCEDURES]
    return f"| {situation.title} | {_advised(situation)} | {' | '.join(cells)} |"


def _cell(option: Option) -> str:
    against = _against(option)
    if not against:
        return "yes"
    weight = max(severity.weight for severity, _ in against)
    return {1: "yes, but", 2: "perhaps", 3: "no"}[weight]


def _section(situation: Situation) -> str:
    lines = [f"## {situation.title}", "", f"Advised: {_advised(situation)}.", ""]
    for name, option in _options(situation).items():
        against = _against(option)
        words = " ".join(sentence for _, sentence in against)
        text = f"- {name}: {words or 'nothing speaks against it.'}"
        lines.append(fill(text, 88, subsequent_indent="  ", break_on_hyphens=False))
    return "\n".join([*lines, ""])


def _advised(situation: Situation) -> str:
    found = advise(situation.known, targets=[situation.target]).recommended
    return f"**{found.procedure}**" if found else "none"


def _options(situation: Situation) -> dict[str, Option]:
    tried = advise(situation.known, targets=[situation.target]).options
    by_name = {option.procedure: option for option in tried}
    return {name: by_name[name] for name in PROCEDURES}


def _against(option: Option) -> list[tuple[Severity, str]]:
    """Return what speaks against it: what blocks, or else all that is not well."""
    found = [
        f
        for f in option.findings
        if f.severity is not Severity.OK and f.rule not in _ALWAYS
    ]
    blocking = [f for f in found if f.severity is Severity.BLOCKS]
    return [(f.severity, f.sentence) for f in blocking or found]

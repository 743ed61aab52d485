"""The documentation of the rules, made of their docstrings.

``python -m migrations_app.preflight > docs/rules.md`` writes it; a test holds it true.
"""

from __future__ import annotations

from migrations_app.preflight.rule import PROCEDURES, RELEASES, Rule
from migrations_app.preflight.rules import RULES

_HEAD = """\
# The pre-flight rules

Before a move is asked for, approved and started, novaweb looks at the cloud and lets
every rule speak. A finding has a sentence, a remedy and one of four severities:

- **blocks**: the move would fail, so it is not started;
- **unknown**: what the rule needs could not be read, so a person must look;
- **warns**: the move goes on, and a person should know;
- **ok**: the rule looked and is content.

What is approved includes the findings that block or warn. If they have changed when
the move is to start, the approval is void.

The rules come in the order in which Nova itself looks. Nova stays the judge: a rule can
only say in advance, and in plain words, what Nova would say late, or only in its log.
Where a rule holds for some releases of Nova only, it is silent in others; in a cloud
whose release is not known it speaks. The release is read from the packages of both
hosts where novaweb may enter them; else it follows from the newest microversion of the
API, which two releases often share.

This page is made of the rules' own docstrings: change those, then run
`python -m migrations_app.preflight > docs/rules.md`.
"""

_TAIL = """\
## What is not looked at

No API shows these, so no rule can speak of them. Most end in Nova's "No valid host" or
in a failed migration that leaves the instance where it was:

- in which cell a host is: Nova answers 400, as for a host that it does not know;
- whether the instance has a RequestSpec, without which Nova's API fails (500);
- what the image asks of the hardware (`hw_*` properties) before Nova 2025.1;
- how fast the guest writes, and so whether a live migration comes to an end;
- whether the networks of its ports reach the target (physical networks);
- the ports through which the memory goes (49152 and up), and the kernels of the hosts;
- filters of the scheduler beyond what placement answers, and whether those that are
  warned of are on;
- whether our account may read the keys of encrypted volumes.

What stands on the hosts alone (leftovers, free disk, CPU, machine type, shared storage,
ways, settings, versions) is looked up over SSH, where novaweb may enter them and one
target is named. Otherwise those rules are silent, and Nova finds out by itself.
"""


def documentation() -> str:
    """Return docs/rules.md as it has to be."""
    return "\n".join([_HEAD, *(_section(rule) for rule in RULES), _TAIL])


def _section(rule: Rule) -> str:
    body = rule.text.partition("\n")[2].strip().replace("``", "`")
    if rule.procedures == PROCEDURES:
        procedures = "every procedure"
    else:
        procedures = ", ".join(f"`{name}`" for name in rule.procedures)
    facts = f"`{rule.id}`: about {rule.about}, {procedures}"
    if rule.since is not None:
        facts += f", since Nova {rule.since} ({RELEASES[rule.since]})"
    if rule.until is not None:
        facts += f", until Nova {rule.until} ({RELEASES[rule.until]})"
    text = f"## {rule.title}\n\n{facts}\n"
    return f"{text}\n{body}\n" if body else text

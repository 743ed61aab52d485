"""The documentation of the rules, made of their docstrings.

``python -m migrations_app.preflight > docs/rules.md`` writes it; a test holds it true.
"""

from __future__ import annotations

from migrations_app.preflight.rule import PROCEDURES, RELEASES, Rule
from migrations_app.preflight.rules import RULES

_HEAD = """\
# The pre-flight rules

When a move is requested, approved and started, novaweb reads the state of the cloud and
applies every rule. A finding has a sentence, a remedy and one of four severities:

- **blocks**: the move would fail, so it is not started;
- **unknown**: the rule's facts could not be read, so a person must check;
- **warns**: the move is possible, and a person should know this;
- **ok**: the check passed.

An approval covers the findings that block or warn. If they have changed when the move
is to start, the approval is no longer valid.

The rules are in the order of Nova's own checks. Nova decides in the end: a rule only
reports early, and in plain words, what Nova would report late, or only in its log. A
rule for certain releases of Nova is applied in these only, and in a cloud of unknown
release. The release is read from the packages of both hosts where novaweb has access;
otherwise it follows from the newest microversion of the API, which two releases often
share.

This page is generated from the docstrings of the rules: change those, then run
`python -m migrations_app.preflight > docs/rules.md`.
"""

_TAIL = """\
## What is not checked

No API shows these facts, so there is no rule. Most end in Nova's "No valid host" or in
a failed migration that leaves the instance on its host:

- the cell of a host: Nova answers 400, as for an unknown host;
- whether the instance has a RequestSpec, without which Nova's API fails (500);
- hardware requirements of the image (`hw_*` properties) before Nova 2025.1;
- how fast the guest writes, and so whether a live migration ends;
- whether the networks of its ports reach the target (physical networks);
- the ports used to copy memory (49152 and up), and the kernels of the hosts;
- filters of the scheduler that Placement does not cover, and whether the filters that
  warnings mention are on;
- whether our account may read the keys of encrypted volumes and virtual TPMs.

Facts that only the hosts have (leftovers, free disk, CPU, machine type, shared storage,
connectivity, settings, versions) are read over SSH, if novaweb has access and one
target is named. Otherwise those rules are skipped, and Nova checks by itself.
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

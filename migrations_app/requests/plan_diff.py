"""Differences between a new plan and the plan that people have read.

Each difference is a small dict that the request stores, the API shows and the audit
trail records: ``kind`` (added, removed, changed), ``what`` it is about (procedure,
place, step, order, command, fact, finding), and ``text``, or ``before`` and ``after``.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from migrations_app.preflight.finding import Severity

if TYPE_CHECKING:
    from migrations_app.models import MigrationRequest
    from migrations_app.requests.plan import Draft

Difference = dict[str, str]
MOST = 400
LONGEST = 1000  # characters of each text
SAID = 12  # sentences


def differences(request: MigrationRequest, now: Draft) -> list[Difference]:
    """Return the differences between the draft and the request's plan.

    Findings with severity ok are left out, as they are not part of what is approved.
    """
    lines = list(islice(_all(request, now), MOST + 1))
    if len(lines) > MOST:
        more = "There are more differences than can be listed here."
        lines[MOST:] = [{"kind": "changed", "what": "more", "text": more}]
    return [{name: _short(text) for name, text in line.items()} for line in lines]


def sentences(lines: Sequence[Difference]) -> str:
    """Return the first dozen differences as sentences, without duplicates."""
    said = list(dict.fromkeys(_sentence(line) for line in lines))
    more = len(said) - SAID
    if more > 0:
        said[SAID:] = [f"And {more} more: they are listed below."]
    return " ".join(said) or "The plan itself changed."


def _all(request: MigrationRequest, now: Draft) -> Iterator[Difference]:
    if request.procedure != now.procedure:
        yield _changed("procedure", request.procedure, now.procedure)
    if request.source != now.move.source:
        yield _changed("place", request.source, now.move.source or "no host")
    yield from _steps(request.plan, now.plan)
    yield from _facts(request.facts, now.move.facts)
    yield from _findings(
        request.findings, [finding.as_dict() for finding in now.findings]
    )


def _changed(what: str, before: str, after: str, **more: str) -> Difference:
    return {"kind": "changed", "what": what, "before": before, "after": after, **more}


def _steps(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> Iterator[Difference]:
    old = {step["key"]: step for step in before}
    new = {step["key"]: step for step in after}
    for key, step in old.items():
        if key not in new:
            yield {"kind": "removed", "what": "step", "text": step["sentence"]}
    for key, step in new.items():
        if key not in old:
            yield {"kind": "added", "what": "step", "text": step["sentence"]}
            continue
        was = old[key]
        if was["sentence"] != step["sentence"]:
            yield _changed("step", was["sentence"], step["sentence"])
        if was["final"] != step["final"]:
            words = ("may be undone", "is a point of no return")
            yield _changed(
                "step", words[was["final"]], words[step["final"]], step=step["sentence"]
            )
        for kind, text in _lines(was.get("commands", ()), step.get("commands", ())):
            yield {
                "kind": kind,
                "what": "command",
                "step": step["sentence"],
                "text": text,
            }
    kept = [key for key in old if key in new]
    if kept != [key for key in new if key in old]:
        text = "The same steps, in another order."
        yield {"kind": "changed", "what": "order", "text": text}


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield removed and added lines, in the order of a diff."""
    old = [line for text in before for line in text.splitlines()]
    new = [line for text in after for line in text.splitlines()]
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield from (("removed", line) for line in old[a:b])
            yield from (("added", line) for line in new[c:d])


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    old, new = dict(_leaves(before)), dict(_leaves(after))
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) == new.get(path):
            continue
        name = path.replace("_", " ")
        if path not in new:
            text = f"{name}: {old[path]}"
            yield {"kind": "removed", "what": "fact", "name": name, "text": text}
        elif path not in old:
            text = f"{name}: {new[path]}"
            yield {"kind": "added", "what": "fact", "name": name, "text": text}
        else:
            yield _changed("fact", old[path], new[path], name=name)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every single fact as text, by its path."""
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _leaves(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple) and value:
        for number, part in enumerate(value, start=1):
            yield from _leaves(part, f"{path} {number}")
    elif path:
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        yield path, text


def _findings(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> Iterator[Difference]:
    quiet = str(Severity.OK)
    old = {_said(each): each for each in before if each["severity"] != quiet}
    new = {_said(each): each for each in after if each["severity"] != quiet}
    gone = [each for said, each in old.items() if said not in new]
    come = [each for said, each in new.items() if said not in old]
    for each in list(gone):
        now = [other for other in come if other["rule"] == each["rule"]]
        if len(now) == 1 and sum(e["rule"] == each["rule"] for e in gone) == 1:
            gone.remove(each)
            come.remove(now[0])
            yield _changed("finding", _finding(each), _finding(now[0]))
    for each in gone:
        yield {"kind": "removed", "what": "finding", "text": _finding(each)}
    for each in come:
        yield {"kind": "added", "what": "finding", "text": _finding(each)}


def _said(finding: Mapping[str, Any]) -> tuple[str, str, str]:
    return finding.get("rule", ""), finding["severity"], finding["sentence"]


def _finding(finding: Mapping[str, Any]) -> str:
    return f"{finding['severity']}: {finding['sentence']}"


def _sentence(line: Difference) -> str:
    text = line.get("text") or line.get("after", "")
    match line["what"], line["kind"]:
        case "procedure", _:
            return f"The procedure is now {text}."
        case "place", _:
            return f"The instance is now on {text}."
        case "step", "added":
            return f"A new step: {text}"
        case "step", "removed":
            return f"No longer a step: {text}"
        case "step", _:
            return f"A step is different: {line.get('step') or text}"
        case "command", _:
            return f"The commands of a step changed: {line['step']}"
        case "fact", _:
            name = line["name"].split(".")[0].rstrip(" 0123456789")
            return f"A fact that the plan depends on changed: {name}."
        case "finding", "removed":
            return f"No longer: {text.partition(': ')[2]}"
        case "finding", _:
            return f"New: {text.partition(': ')[2]}"
    return text


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"

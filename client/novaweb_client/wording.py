"""How requests, drains and their plans are told to a person at a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from cliff.columns import FormattableColumn

Row = dict[str, Any]


def clean(text: str) -> str:
    """Return the text with what would steer a terminal made visible.

    A guest's name is whatever its owner wrote; it must not move the cursor, nor turn
    what follows around.
    """
    return "".join(
        each
        if each.isprintable() or unicodedata.category(each) == "Zs"
        else each.encode("unicode_escape").decode("ascii")
        for each in text
    )


def cleaned(value: Any) -> Any:
    """Return what the API answered, with each text in it cleaned; lines stay lines."""
    if isinstance(value, str):
        return "\n".join(map(clean, value.split("\n")))
    if isinstance(value, list):
        return [cleaned(each) for each in value]
    if isinstance(value, dict):
        return {clean(str(key)): cleaned(each) for key, each in value.items()}
    return value


class Told(FormattableColumn[Any]):
    """A value that programs get as it is, and people in words."""

    def __init__(self, value: Any, words: str) -> None:
        super().__init__(value)
        self.words = words

    def human_readable(self) -> str:
        """Return the words."""
        return self.words


def request_columns(found: Row) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Return the names and values of a request's columns."""
    shown = cleaned(found)
    shown["options"] = Told(
        shown["options"], ", ".join(f"{k}={v}" for k, v in shown["options"].items())
    )
    shown["plan"] = Told(shown["plan"], "\n".join(step_lines(shown["plan"])))
    shown["findings"] = Told(
        shown["findings"], "\n".join(finding_lines(shown["findings"]))
    )
    shown["conflicts"] = Told(shown["conflicts"], sentences(shown["conflicts"]))
    standing = shown["approvals"]
    shown["approvals"] = Told(standing, standing["sentence"] if standing else "")
    shown["decisions"] = Told(
        shown["decisions"], "\n".join(decision_lines(shown["decisions"]))
    )
    run = shown["run"]
    shown["run"] = Told(run, f"{run['id']}: {run['state']}" if run else "")
    shown["estimate"] = Told(shown["estimate"], shown["estimate"].get("words", ""))
    kept = {k: v for k, v in shown.items() if k not in _LONG}
    return tuple(kept), tuple(kept.values())


# novaweb's pages show these best.
_LONG = ("what_if", "differences", "broken_glass")


def drain_columns(found: Row) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Return the names and values of a drain's columns."""
    shown = cleaned(found)
    for name in ("hosts", "targets"):
        shown[name] = Told(shown[name], ", ".join(shown[name] or ()))
    shown["limits"] = Told(
        shown["limits"], ", ".join(f"{k}={v}" for k, v in shown["limits"].items())
    )
    shown["moves"] = Told(shown["moves"], "\n".join(move_lines(shown["moves"])))
    shown["stays"] = Told(shown["stays"], "\n".join(stay_lines(shown["stays"])))
    shown["approvals"] = Told(shown["approvals"], sentences(shown["approvals"]))
    shown["decisions"] = Told(
        shown["decisions"], "\n".join(decision_lines(shown["decisions"]))
    )
    return tuple(shown), tuple(shown.values())


def sentences(rows: Iterable[Row]) -> str:
    """Return the rows' sentences, a line each."""
    return "\n".join(row["sentence"] for row in rows)


def step_lines(plan: Iterable[Row], *, commands: bool = False) -> list[str]:
    """Return the plan's steps in order, with their commands if asked for."""
    told = []
    for number, step in enumerate(plan, start=1):
        final = " (point of no return)" if step["final"] else ""
        told.append(f"{number}. {step['title']}{final}: {step['sentence']}")
        if commands:
            told += [f"     {each}" for each in step["commands"]]
    return told


def finding_lines(findings: Iterable[Row]) -> list[str]:
    """Return each finding that is not OK, with its remedy."""
    return [
        f"{each['severity']}: {each['sentence']} {each['remedy']}".rstrip()
        for each in findings
        if each["severity"] != "ok"
    ]


def decision_lines(decisions: Iterable[Row]) -> list[str]:
    """Return who decided what, and whether it is about the current plan."""
    told = []
    for each in decisions:
        what = "approved" if each["approves"] else "rejected"
        whose = f" for {each['on_behalf_of']}" if each["on_behalf_of"] else ""
        stale = "" if each["counts"] else " (another plan)"
        note = f": {each['note']}" if each["note"] else ""
        told.append(f"{each['by']}{whose} {what}{stale}{note}")
    return told


def move_lines(moves: Iterable[Row]) -> list[str]:
    """Return a drain's moves in order."""
    return [
        f"{each['request']}. {each['instance_name']} ({each['instance']}):"
        f" {each['procedure']}, {each['source']} → {_target(each)}, {each['state']}"
        for each in moves
    ]


def stay_lines(stays: Iterable[Row]) -> list[str]:
    """Return what a drain leaves on its hosts, and why."""
    return [
        f"{each['name']} on {each['host']}: {each['sentence']}"
        f" {each['way_out']}".rstrip()
        for each in stays
    ]


def plan_of_request(found: Row) -> str:
    """Return all that an approval of the request covers, as far as words go."""
    shown = cleaned(found)
    told = [
        f"Request {shown['id']}: {shown['instance_name']} ({shown['instance']}),"
        f" {shown['procedure']}, {shown['source']} → {_target(shown)}",
        *_why(shown),
        "Plan:",
        *(f"  {line}" for line in step_lines(shown["plan"], commands=True)),
    ]
    if options := shown["options"]:
        told.append("Options: " + ", ".join(f"{k}={v}" for k, v in options.items()))
    if words := shown["estimate"].get("words"):
        told.append(f"Estimate: {words}")
    told += [f"Finding {line}" for line in finding_lines(shown["findings"])]
    told += [f"Conflict: {each['sentence']}" for each in shown["conflicts"]]
    return "\n".join([*told, f"Plan digest: {shown['plan_digest']}"])


def plan_of_drain(found: Row) -> str:
    """Return all that an approval of the drain covers, as far as words go."""
    shown = cleaned(found)
    limits = ", ".join(f"{k}={v}" for k, v in shown["limits"].items())
    return "\n".join(
        [
            f"Drain {shown['id']}: {', '.join(shown['hosts'])}",
            *_why(shown),
            f"Limits: {limits}; pauses after {shown['stop_after']} failures (0: never);"
            f" hosts afterwards: {shown['afterwards']}",
            "Moves:",
            *(f"  {line}" for line in move_lines(shown["moves"])),
            *(f"Stays: {line}" for line in stay_lines(shown["stays"])),
            f"Plan digest: {shown['plan_digest']}",
        ]
    )


def _target(move: Row) -> str:
    return move["target"] or "a host that the scheduler chooses"


def _why(shown: Row) -> list[str]:
    ticket = f" ({shown['ticket']})" if shown["ticket"] else ""
    told = [f"Asked by {shown['asked_by']}{ticket}: {shown['reason']}"]
    if shown["window_start"] or shown["window_end"]:
        begin = shown["window_start"] or "its approval"
        told.append(f"From {begin} to {shown['window_end'] or 'its expiry'}")
    return told

"""Says for each service whether it works, and if not, what is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from lab import api_part, lifecycle, processes, services
from lab.progress import LabError
from lab.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Reported:
    """One service as Nova or Cinder sees it."""

    state: str
    enabled: bool
    reason: str | None
    updated_at: str | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """What is to be said about one service."""

    name: str
    works: bool
    sentence: str


def show(settings: Settings) -> bool:
    """Print a line for each service; return whether all of them work."""
    if not processes.started_names(settings):
        print(
            f"The lab {settings.name!r} is down: `python3 -m lab up` starts it "
            f"(state below {settings.root})."
        )
        return False
    every = lifecycle.every_service(settings)
    with ThreadPoolExecutor() as pool:
        troubles = pool.map(lambda s: services.trouble(settings, s), every)
        local = dict(zip((s.name for s in every), troubles, strict=True))
    silent = [local[name] for name in ("keystone", "nova-api") if local[name]]
    reported: Mapping[str, Reported] = {}
    notes = []
    if silent:
        notes.append("Nova could not be asked: keystone or nova-api does not answer.")
    else:
        try:
            reported = understood(json.loads(api_part.ask(settings, "services")))
        except LabError as error:
            notes.append(f"Nova could not be asked: {error}")
    lines = judge(local, reported, logs=str(settings.run))
    width = max(len(line.name) for line in lines)
    for line in lines:
        print(f"{line.name:{width}}  {line.sentence}")
    for note in notes:
        print(note)
    return not notes and all(line.works for line in lines)


def understood(found: Sequence[Mapping[str, str | None]]) -> dict[str, Reported]:
    """Return what Nova and Cinder report, by the lab's names of the services."""
    reported = {}
    for service in found:
        name = str(service["binary"])
        if name == "nova-compute":
            name = f"nova-{service['host']}"
        reported[name] = Reported(
            state=str(service["state"]),
            enabled=service["status"] == "enabled",
            reason=service["disabled_reason"],
            updated_at=service["updated_at"],
        )
    return reported


def judge(
    local: Mapping[str, str | None], reported: Mapping[str, Reported], *, logs: str
) -> list[Line]:
    """Return a line for each service.

    `local` says what is wrong with the process (None: it runs and answers),
    `reported` what Nova and Cinder say, empty if they could not be asked.
    """
    return [
        _line(name, trouble, reported, log=f"{logs}/{name}.log")
        for name, trouble in local.items()
    ]


def _line(
    name: str, trouble: str | None, reported: Mapping[str, Reported], *, log: str
) -> Line:
    def wrong(sentence: str) -> Line:
        return Line(name=name, works=False, sentence=sentence)

    owner = "Cinder" if name.startswith("cinder-") else "Nova"
    if trouble == "is down":
        return wrong(f"is down; `python3 -m lab start {name}` starts it; see {log}")
    if trouble:
        return wrong(f"runs, but {trouble}; see {log}")
    said = reported.get(name)
    reports = name.startswith(("nova-", "cinder-")) and not name.endswith("-api")
    if said is None:
        if reports and reported:
            return wrong(f"runs, but {owner} has never heard of it; see {log}")
        return Line(name=name, works=True, sentence="up")
    if said.state != "up":
        since = _time(said.updated_at)
        return wrong(f"runs, but {owner} says it is down since {since}; see {log}")
    if not said.enabled:
        reason = said.reason or "no reason given"
        return Line(name=name, works=True, sentence=f"up, disabled: {reason}")
    return Line(name=name, works=True, sentence="up")


def _time(updated_at: str | None) -> str:
    if not updated_at:
        return "its start"
    return datetime.fromisoformat(updated_at).strftime("%H:%M:%S UTC")

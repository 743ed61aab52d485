"""How the answer of ``guest_survey.compare_hardware`` is read."""

from __future__ import annotations

import re
from typing import NamedTuple

# "the machine 'pc-9' is not supported by emulator", of libvirt 9; shorter before.
_UNKNOWN_MACHINE = re.compile(r"machine .*(is not supported|unknown)|Invalid machine")
_CPU_VERDICT = re.compile(r"superset|identical|incompatible")


class Hardware(NamedTuple):
    """What of a guest's hardware a host can be; fields as those of HostFacts."""

    takes_machine: bool | None
    takes_recorded: bool | None
    videos: tuple[str, ...]
    takes_cpu: bool | None
    cpu_why: str


def hardware(answer: str) -> Hardware:
    """Return whether machine types and CPU can be the guest's, and libvirt's words.

    None for what libvirt could not compare at all, or was not asked for.
    """
    machines: dict[str, bool] = {}
    videos: list[str] = []
    cpu: bool | None = None
    why = ""
    for line in answer.split("\n"):
        what, _, rest = line.partition(" ")
        verdict, _, words = rest.partition(" ")
        if what in {"machine", "recorded"} and (
            verdict == "yes" or _UNKNOWN_MACHINE.search(words)
        ):
            machines[what] = verdict == "yes"
        if what == "video":
            videos.append(verdict)
        if what == "cpu":
            why = " ".join(words.replace("/dev/stdin", "the guest").split())
            cpu = verdict == "yes" if _CPU_VERDICT.search(words) else None
    return Hardware(
        takes_machine=machines.get("machine"),
        takes_recorded=machines.get("recorded"),
        videos=tuple(dict.fromkeys(videos)),
        takes_cpu=cpu,
        cpu_why=why,
    )

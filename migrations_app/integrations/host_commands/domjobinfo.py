"""Pause of a guest in a live migration, measured by libvirt."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from migrations_app.integrations.host_commands import namespaces
from migrations_app.integrations.interfaces import Command

_UNITS = {"b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


@dataclass(frozen=True, slots=True)
class JobInfo:
    """The figures of the last migration: milliseconds, bytes. None: not said."""

    downtime: int | None = None
    elapsed: int | None = None
    processed: int | None = None
    iterations: int | None = None


def domjobinfo(server_id: str) -> Command:
    """Print the figures of the guest's last completed job, and leave them there.

    The target has them, since the domain is gone from the source. They are kept until
    the domain's next job or the restart of libvirtd; ``--keep-completed`` came with
    libvirt 6.0, and without it they are lost by being read.
    """
    guest = shlex.quote(server_id)
    text = f"""export LC_ALL=C
{namespaces.TOOLS}at_libvirt virsh domjobinfo --completed --keep-completed -- {guest} \\
  2>/dev/null || at_libvirt virsh domjobinfo --completed -- {guest}
"""
    return Command("domjobinfo", text, {"server_id": server_id}, reads=True)


def read(answer: str) -> JobInfo | None:
    """Return the figures; None when the last job was no migration, or there is none."""
    said = {
        name.strip().lower(): value.strip()
        for name, colon, value in (line.partition(":") for line in answer.splitlines())
        if colon
    }
    if "migration" not in said.get("operation", "migration").lower():
        return None
    if said.get("job type") != "Completed":
        return None
    return JobInfo(
        downtime=_amount(said.get("total downtime")),
        elapsed=_amount(said.get("time elapsed")),
        processed=_amount(said.get("data processed")),
        iterations=_amount(said.get("iteration")),
    )


def _amount(text: str | None) -> int | None:
    found = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*(\w*)", text or "")
    if found is None:
        return None
    return round(float(found[1]) * _UNITS.get(found[2].lower(), 1))

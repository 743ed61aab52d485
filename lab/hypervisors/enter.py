"""The way into the namespaces of a libvirt host."""

from __future__ import annotations

from lab.settings import PROJECT, Settings


def enter(settings: Settings, host: str) -> tuple[str, ...]:
    """Return the begin of a command line that runs on a host."""
    script = PROJECT / "lab/inside/enter.py"
    return ("/usr/bin/python3", str(script), str(settings.run), host)

"""Reading the options of nova.conf that a host told over SSH."""

from __future__ import annotations

from migrations_app.integrations.interfaces import HostFacts

# What oslo.config takes for yes (oslo_config/types.py, Boolean).
_YES = {"true", "1", "on", "yes"}


def on(host: HostFacts, option: str, *, default: bool = False) -> bool:
    """Tell whether a switch is on there, "section.name", as nova-compute reads it."""
    value = host.settings.get(option)
    return default if value is None else value.lower() in _YES


def switch(host: HostFacts, option: str, *, default: bool) -> bool | None:
    """Tell the same; None where its value refers to another option."""
    if not resolved(host.settings.get(option, "on")):
        return None
    return on(host, option, default=default)


def resolved(value: str) -> bool:
    """Tell whether a value says itself what it is: it refers to no other option."""
    return bool(value) and "$" not in value


def version(text: str) -> tuple[int, ...]:
    """Return a version as it can be compared; () when it is not known."""
    found = []
    for part in text.split("."):
        if not part.isdigit():
            break
        found.append(int(part))
    return tuple(found)

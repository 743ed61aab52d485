"""Reading the options of nova.conf that a host told over SSH."""

from __future__ import annotations

from migrations_app.integrations.interfaces import HostFacts
from migrations_app.wording import whole_number

# What oslo.config takes for yes (oslo_config/types.py, Boolean).
_YES = {"true", "1", "on", "yes"}


def value(host: HostFacts, option: str, *, default: str) -> str | None:
    """Return an option's value there; None where that could not be found out.

    An option that is nowhere has Nova's default, if all files were read; one whose
    value refers to another option is not known.
    """
    said = host.settings.get(option)
    if said is None:
        return default if host.instances else None
    return said if resolved(said) else None


def switch(host: HostFacts, option: str, *, default: bool) -> bool | None:
    """Tell whether a switch is on there; None where that could not be found out."""
    said = value(host, option, default=str(default))
    return None if said is None else said.lower() in _YES


def resolved(value: str) -> bool:
    """Tell whether a value says itself what it is: it refers to no other option."""
    return bool(value) and "$" not in value


def version(text: str) -> tuple[int, ...]:
    """Return a version as it can be compared; () when it is not known."""
    found = []
    for part in text.split("."):
        number = whole_number(part)
        if number is None:
            break
        found.append(number)
    return tuple(found)

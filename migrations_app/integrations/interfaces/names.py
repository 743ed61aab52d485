"""What a name of a host, an address and an identifier look like; others are refused.

They come from Nova, from hosts and from people, and end up in commands, paths and URIs.
What is let through begins with a letter or a digit, so that it is no option, and holds
nothing that a shell, a path or a URI reads otherwise.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from migrations_app.errors import Blocked

# Nova takes letters, digits, ".", "_" and "-" for a host's name, at most 255 of them
# (nova/api/validation/parameter_types.py, hostname, 26.2 and 34.0).
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_TOKEN = re.compile(r"[A-Za-z0-9]{0,32}")


def is_name(text: object) -> bool:
    """Tell whether it can be the name of a host, or the id of something in Nova."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Tell whether it is the name of a host, or an IP address without a zone."""
    if is_name(text):
        return True
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def known_name(text: object) -> str | None:
    """Return a name that a neighbour said; None, which is unknown, for any other."""
    return text if isinstance(text, str) and is_name(text) else None


def check_name(text: object, what: str) -> str:
    """Return the name. Raises Blocked; ``what`` is what it names: "host"."""
    if isinstance(text, str) and is_name(text):
        return text
    shown = ascii(text)[:80]
    raise Blocked(
        f"{shown} is no name of a {what}: letters, digits, “.”, “_” and “-” are, with a"
        " letter or digit first."
    )


def check_token(text: str) -> None:
    """Raise Blocked unless it can be the token of a move; the empty one is none yet."""
    if _TOKEN.fullmatch(text) is None:
        raise Blocked(f"{ascii(text)[:80]} is no token of a move.")

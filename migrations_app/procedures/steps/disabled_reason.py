"""The mark that a move leaves in the reason of a service that it disabled.

It says whose it is and that the service was enabled before, so that the move itself or
any other process can undo exactly that. Nova keeps 255 characters
(nova/api/openstack/compute/schemas/services.py).
"""

from __future__ import annotations

import re

from migrations_app.integrations.interfaces import Move, Service

LONGEST = 255
PREFIX = "novaweb:"
# How libvirt's driver begins the reasons of what it disabled, and will enable, itself
# (nova/virt/libvirt/driver.py, DISABLE_PREFIX).
BY_LIBVIRT = "AUTO:"
_MARK = re.compile(rf"{PREFIX}([0-9a-f]{{8}}) was enabled;")
_DRAIN = re.compile(rf"{PREFIX}([0-9a-f]{{8}}) drain \d+;")


def disabled_reason_of_drain(token: str, number: int, reason: str) -> str:
    """Return the reason with which a drain disables a host that was enabled.

    It is none of the marks of a move: to moves such a host is disabled, for long.
    """
    text = f"{PREFIX}{token} drain {number}; was enabled; emptied: {reason}"
    return " ".join(text.split())[:LONGEST]


def drain_token(service: Service) -> str:
    """Return the token of the drain that disabled the service; empty if none did."""
    if service.enabled:
        return ""
    found = _DRAIN.match(service.disabled_reason or "")
    return found[1] if found else ""


def disabled_reason_of_move(move: Move) -> str:
    """Return the reason with which the move disables a service."""
    text = (
        f"{PREFIX}{move.token} was enabled; disabled for some seconds by request"
        f" {move.number}, which moves {move.server_name} to {move.target}"
    )
    return text[:LONGEST]


def move_token(service: Service) -> str:
    """Return the token of the move that disabled the service; empty if none did."""
    if service.enabled:
        return ""
    found = _MARK.match(service.disabled_reason or "")
    return found[1] if found else ""


def is_by_a_move(reason: str) -> bool:
    """Tell whether a service with that reason is disabled for some seconds, by a move.

    Of an enabled service the reason is empty.
    """
    return _MARK.match(reason) is not None


def is_disabled_by(move: Move, service: Service) -> bool:
    """Tell whether it was this move that disabled the service."""
    return bool(move.token) and move_token(service) == move.token

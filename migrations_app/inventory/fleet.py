"""The fleet that is placed and moved, out of our copy of a cloud."""

from __future__ import annotations

from collections.abc import Collection

from migrations_app.draining.fleet import Fleet
from migrations_app.models import Cloud


def fleet_of(
    cloud: Cloud,
    hosts: Collection[str],
    instances: Collection[str] = (),
    *,
    asked: bool = True,
) -> Fleet:
    """Return every host of the cloud, and the guests on ``hosts`` and ``instances``.

    ``instances`` are UUIDs. With them come all members of their groups. With ``asked``
    a guest that an open request wants to move already cannot be moved by another.
    """
    raise NotImplementedError

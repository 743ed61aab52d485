"""As whom novaweb is signed in to a cloud, and what its services speak."""

from __future__ import annotations

from dataclasses import dataclass

# What we speak. Compute: 2.100 tells the hints for the scheduler, 2.98 the properties
# of the image, 2.96 the pinned zone; 2.71 (Stein) is the oldest that has all we need:
# the scheduler is always asked (2.68), abort in the queue (2.65), a host for cold
# migrations (2.56), a server's group (2.71).
COMPUTE, OLDEST_COMPUTE = (2, 100), (2, 71)
PLACEMENT = (1, 31)  # in_tree; root and parent of providers (1.29), all classes (1.27)


@dataclass(frozen=True, slots=True)
class Account:
    """The account of clouds.yaml, by names, as Keystone knows it."""

    user: str
    project: str
    roles: tuple[str, ...]

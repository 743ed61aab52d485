"""How often one person may ask for what is dear: root's commands on hypervisors, the
whole inventory, the whole trail.

Counted in this web process, by account: a person who reads and clicks is never held up,
a script that runs wild does not keep the cloud busy. Files of one's own are not dear.
"""

from __future__ import annotations

import math
import time
from typing import Final

from django.core.cache import cache

from migrations_app.errors import TooMany

SPAN: Final = 60.0  # seconds
# In ``SPAN``, by kind.
MOST: Final = {
    "preflight": 60,
    "what-if": 60,
    "current state": 60,
    "set-up": 120,
    "search": 120,
    "log search": 120,
    "export": 20,
}


def admit(account: int | None, kind: str) -> None:
    """Count that this account asks for it now. Raises TooMany."""
    now, most = time.time(), MOST[kind]
    key = f"dear:{kind.replace(' ', '-')}:{account}"
    asked = [at for at in cache.get(key, ()) if now - SPAN < at <= now]
    if len(asked) >= most:
        wait = max(1, math.ceil(asked[0] + SPAN - now))
        raise TooMany(
            f"You have asked for this ({kind}) {most} times within a minute: wait"
            f" {wait} s.",
            wait=wait,
        )
    cache.set(key, [*asked, now], SPAN)

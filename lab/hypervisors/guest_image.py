"""The disk image of the real, tiny guest; made once for all labs of a prefix."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from lab import processes
from lab.progress import heartbeat, run, say
from lab.settings import PROJECT, Settings

GUEST = PROJECT / "lab/guest"


def path(settings: Settings) -> Path:
    content = b"".join(p.read_bytes() for p in sorted(GUEST.iterdir()))
    key = hashlib.sha256(content).hexdigest()[:16]
    return settings.cache / f"counter-{key}.qcow2"


def build(settings: Settings) -> None:
    """The image exists."""
    image = path(settings)
    if image.exists():
        return
    began = time.monotonic()
    settings.cache.mkdir(parents=True, exist_ok=True)
    with heartbeat("guest image", lambda: "kernel, busybox, disk"):
        run(
            [GUEST / "build", image],
            log=settings.run / "guest-image.log",
            env=processes.environment(settings),
        )
    say(f"guest image made in {time.monotonic() - began:.0f} s")

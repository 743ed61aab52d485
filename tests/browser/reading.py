"""The inventory, read anew while the workers of an installation may be at it."""

from __future__ import annotations

import time

from django.core.management import CommandError, call_command

PATIENCE = 120.0  # seconds


def read_clouds() -> None:
    """The inventory has what is in the clouds now.

    A worker reads them at its start, and two do not read one cloud at once.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            call_command("sync")
            return
        except CommandError as error:
            if "Another worker" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.2)

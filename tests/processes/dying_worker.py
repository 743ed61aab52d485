"""A worker that kills itself with SIGKILL before or after one request to Nova.

usage: python -m tests.processes.dying_worker live_migrate before|after [NUMBER]

What it does is what ``manage.py worker`` does; only the n-th request is its last.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import django
from django.core.management import call_command


def main(call: str, moment: str, number: str = "1") -> None:
    """Work, and die around the first request of that name, or a later one."""
    django.setup()
    from migrations_app.integrations.adapters.openstack import OpenStackCloud

    real = getattr(OpenStackCloud, call)

    left = [int(number)]

    def deadly(self: OpenStackCloud, *args: Any, **kwargs: Any) -> None:
        left[0] -= 1
        if left[0]:
            real(self, *args, **kwargs)
            return
        if moment == "after":
            real(self, *args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(OpenStackCloud, call, deadly)
    call_command("worker")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Runs a command in a libvirt host's namespaces: enter.py RUN_DIR HOST COMMAND...

Becomes nsenter, so that whoever started this knows the pid.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    run_dir, host, *command = sys.argv[1:]
    unshare = Path(run_dir, f"namespace-{host}.pid").read_text().split()[0]
    # unshare's only child is PID 1 of the namespaces
    init = Path(f"/proc/{unshare}/task/{unshare}/children").read_text().split()[0]
    nsenter = ["nsenter", "-t", init, "-m", "-u", "-n", "-p", "--", *command]
    os.execvp(nsenter[0], nsenter)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()

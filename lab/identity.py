"""keystone with its keys, the administrator, and the users of the services."""

from __future__ import annotations

import shutil

from lab import api_part, processes, render, services
from lab.progress import run, say
from lab.settings import REGION, Settings


def prepare(settings: Settings) -> None:
    """keystone answers, and knows the services, their users and projects."""
    keystone = services.identity(settings)
    stamp = settings.state / "identity-ready"
    if not stamp.exists():
        _bootstrap(settings)
    services.start(settings, [keystone])
    services.wait(settings, keystone)
    if not stamp.exists():
        # Before all others start: they exit if keystone refuses them.
        api_part.call(settings, "identity")
        stamp.touch()
    say("keystone answers")


def _bootstrap(settings: Settings) -> None:
    program = [
        settings.venv / "bin/keystone-manage",
        f"--config-file={settings.etc / 'keystone/keystone.conf'}",
    ]
    owner = ["--keystone-user", "root", "--keystone-group", "root"]
    for keys in ("fernet", "credential"):
        if not (settings.etc / f"keystone/{keys}-keys/0").exists():
            shutil.rmtree(settings.etc / f"keystone/{keys}-keys", ignore_errors=True)
            run(
                [*program, f"{keys}_setup", *owner],
                env=processes.environment(settings),
            )
    url = settings.url("keystone", "/v3")
    run(
        [
            *program,
            "bootstrap",
            *("--bootstrap-admin-url", url),
            *("--bootstrap-internal-url", url),
            *("--bootstrap-public-url", url),
            *("--bootstrap-region-id", REGION),
        ],
        # by the environment, so that it is in nobody's list of processes
        env=processes.environment(
            settings, OS_BOOTSTRAP_PASSWORD=render.password(settings)
        ),
    )

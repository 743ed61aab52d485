"""keystone with its keys, the administrator, and the users of the services."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from lab import api_part, processes, render, services
from lab.progress import run, say
from lab.settings import REGION, Settings


def prepare(settings: Settings) -> None:
    """keystone answers, and knows the services, their users and projects."""
    keystone = services.identity(settings)
    # again when the catalogue must say something else
    wanted = f"{settings.url('keystone')} cinder={settings.cinder}"
    stamp = settings.state / "identity-ready"
    ready = stamp.exists() and stamp.read_text() == wanted
    if not ready:
        _bootstrap(settings)
    services.start(settings, [keystone])
    services.wait(settings, keystone)
    if not ready:
        # Before Nova's services start: they exit if keystone refuses them.
        api_part.call(settings, "identity")
        stamp.write_text(wanted)
    say("keystone answers")


def _bootstrap(settings: Settings) -> None:
    for keys in ("fernet", "credential"):
        _make_keys(settings.etc / f"keystone/{keys}-keys")
    url = settings.url("keystone", "/v3")
    run(
        [
            settings.venv / "bin/keystone-manage",
            f"--config-file={settings.etc / 'keystone/keystone.conf'}",
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


def _make_keys(folder: Path) -> None:
    # What `keystone-manage fernet_setup` and `credential_setup` make, without
    # the seconds that each takes to start: 0 is the next key, 1 signs.
    for name in ("0", "1"):
        if not (folder / name).exists():
            key = base64.urlsafe_b64encode(secrets.token_bytes(32))
            render.write(folder / name, key.decode())
    folder.chmod(0o700)

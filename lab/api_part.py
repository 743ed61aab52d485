"""Calls lab/api, which speaks to OpenStack with openstacksdk, in the lab's venv."""

from __future__ import annotations

import subprocess

from lab import processes
from lab.progress import LabError
from lab.settings import PROJECT, Settings


def call(settings: Settings, verb: str, *arguments: str) -> None:
    """Run one verb of lab/api; its lines go to the terminal.

    Raises LabError if it does not succeed; it has said why.
    """
    done = subprocess.run(
        _argv(settings, verb, *arguments),
        env=_environment(settings),
        check=False,
        start_new_session=True,  # Ctrl-C reaches us alone, who end it and say so
    )
    if done.returncode:
        raise LabError(f"The lab's `{verb}` did not succeed.")


def ask(settings: Settings, verb: str, *arguments: str) -> str:
    """Run one verb of lab/api and return what it printed.

    Raises LabError with its own sentence if it does not succeed.
    """
    done = subprocess.run(
        _argv(settings, verb, *arguments),
        env=_environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or f"{verb} failed").splitlines()[-1]
        raise LabError(last)
    return done.stdout


def _argv(settings: Settings, verb: str, *arguments: str) -> list[str]:
    python, facts = settings.venv / "bin/python", settings.facts_json
    if not python.exists() or not facts.exists():
        raise LabError(f"Lab {settings.name!r} was never up: `python3 -m lab up`.")
    return [str(python), "-m", "lab.api", str(facts), verb, *arguments]


def _environment(settings: Settings) -> dict[str, str]:
    env = processes.environment(
        settings,
        PYTHONPATH=str(PROJECT),
        OS_CLIENT_CONFIG_FILE=str(settings.clouds_yaml),
        OS_CLIENT_SECURE_FILE=str(settings.secure_yaml),
        OS_CLOUD="lab",
    )
    # No process of the lab but a part of this command: `down` leaves it alone.
    del env[processes.MARK]
    return env

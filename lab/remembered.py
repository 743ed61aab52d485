"""What a lab was brought up with, so that other commands need its name alone."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from lab.settings import Settings


def remember(settings: Settings) -> None:
    """Keep the settings of this lab, so that `down` needs only its name."""
    values = asdict(settings) | {"prefix": str(settings.prefix)}
    (settings.root / "settings.json").write_text(json.dumps(values, indent=1) + "\n")


def remembered(asked: Settings) -> Settings:
    """Return the settings that the lab of this name was last brought up with.

    Without such a lab, what was asked for.
    """
    try:
        values = json.loads((asked.root / "settings.json").read_text())
    except FileNotFoundError:
        return asked
    return Settings(**values | {"prefix": Path(values["prefix"])})

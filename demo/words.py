"""What a person sees in the terminal."""

from __future__ import annotations

import time


class Stopped(Exception):
    """The demo cannot go on; the text says why and what to do."""


def say(text: str = "") -> None:
    """Print one line with the time of day, at once."""
    print(f"{time.strftime('%H:%M:%S')} {text}" if text else "", flush=True)


def heading(text: str) -> None:
    print(f"\n== {text}", flush=True)
